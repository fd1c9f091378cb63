package strictjson

// names finds a name that comes twice; few are compared, many are kept in a map.
type names struct {
	n    int
	few  [16]string
	many map[string]bool
}

func (k *names) add(name string) (twice bool) {
	if k.many == nil && k.n == len(k.few) {
		k.many = make(map[string]bool, 2*k.n)
		for _, n := range k.few {
			k.many[n] = true
		}
	}
	if k.many != nil {
		twice = k.many[name]
		k.many[name] = true
	} else {
		for _, n := range k.few[:k.n] {
			twice = twice || n == name
		}
		k.few[k.n] = name
	}
	k.n++
	return twice
}

package session

import (
	"slices"
	"strings"
	"unicode"
)

// wordList finds the words of the filter in a text: whole words, whatever their case. An entry of several words is found
// where they follow each other, whatever stands between them.
type wordList map[string][][]string // by first word

func newWordList(words []string) wordList {
	list := wordList{}
	for _, entry := range words {
		if parts := split(entry); len(parts) > 0 {
			list[parts[0]] = append(list[parts[0]], parts)
		}
	}
	return list
}

func (l wordList) hit(text string) bool {
	if len(l) == 0 {
		return false
	}
	words := split(text)
	for i, word := range words {
		for _, entry := range l[word] {
			if len(entry) <= len(words)-i && slices.Equal(entry, words[i:i+len(entry)]) {
				return true
			}
		}
	}
	return false
}

// split gives the words of a text: runs of letters, marks and digits, case folded.
func split(text string) []string {
	return strings.FieldsFunc(strings.Map(foldRune, text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r)
	})
}

// foldRune gives the least of the runes that differ in case only, as strings.EqualFold compares them.
func foldRune(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}

//go:build !race

package edge

const underRace = false

//go:build race

package edge

// underRace: the detector of races makes everything about ten times slower.
const underRace = true

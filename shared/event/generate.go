package event

//go:generate go run ./schemagen

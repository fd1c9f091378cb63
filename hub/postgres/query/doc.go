// Package query holds the SQL of ../sql as Go functions. All but this file is written by sqlc (make generate).
package query

package postgres

//go:generate ../../tools/gate/sqlc.sh

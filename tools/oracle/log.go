package main

import (
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"

	_ "modernc.org/sqlite"
)

// open opens a database of the folder for reading; nothing that the oracle does changes a row.
func open(folder, name string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(folder, name)+"?mode=rw&_pragma=query_only(1)&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// readLog reads every event of the folder, by session and sequence.
func readLog(folder string) ([]row, error) {
	db, err := open(folder, "edge.db")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.Query(`SELECT place, id, tenant_id, session_id, epoch, sequence, event_type, schema_version, event_payload, actor_id, edge_id,
		created_at, idempotency_key, command_digest, salt, prev_hash, hash FROM session_state_events ORDER BY session_id, sequence`)
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	defer rows.Close()
	var out []row
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.place, &r.id, &r.tenant, &r.session, &r.epoch, &r.sequence, &r.eventType, &r.schemaVersion, &r.payload, &r.actor,
			&r.edge, &r.createdAt, &r.key, &r.digest, &r.salt, &r.previous, &r.hash); err != nil {
			return nil, fmt.Errorf("read the log: %w", err)
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// readKeys lists the ids of the person keys in the folder, the destroyed ones too.
func readKeys(folder string) (map[string]bool, error) {
	db, err := open(folder, "keys.db")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.Query(`SELECT id FROM person_keys UNION SELECT id FROM destroyed_keys`)
	if err != nil {
		return nil, fmt.Errorf("read the keys: %w", err)
	}
	defer rows.Close()
	keys := map[string]bool{}
	for rows.Next() {
		var id []byte
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("read the keys: %w", err)
		}
		keys[uuid(id)] = true
	}
	return keys, rows.Err()
}

// uuid writes an id in its canonical form; an absent one is "".
func uuid(b []byte) string {
	if len(b) != 16 {
		return string(b)
	}
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// sealedUnder lists the ids of the keys that seal fields of a payload, at any depth.
func sealedUnder(payload []byte) []string {
	var value any
	if json.Unmarshal(payload, &value) != nil {
		return nil
	}
	var ids []string
	var walk func(any)
	walk = func(value any) {
		switch v := value.(type) {
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			id, named := v["keyId"].(string)
			if _, sealed := v["ciphertext"].(string); named && sealed {
				ids = append(ids, id)
			}
			for _, item := range v {
				walk(item)
			}
		}
	}
	walk(value)
	return ids
}

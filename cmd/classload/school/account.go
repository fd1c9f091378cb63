// Package school is what a load needs of the public API beside the sockets: sign-in, planning, starting, joining and ending
// classes. It knows the API by its documents alone.
package school

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
)

// Accounts are the people of a school who take part in a load. All have one password: they exist for the load only.
type Accounts struct {
	CourseID   string   `json:"courseId"`
	LessonID   string   `json:"lessonId"`
	Password   string   `json:"password"`
	Teachers   []string `json:"teachers"` // user names
	Assistants []string `json:"assistants"`
	Students   []string `json:"students"`
}

// ReadAccounts reads a file of accounts.
func ReadAccounts(path string) (Accounts, error) {
	var a Accounts
	text, err := os.ReadFile(path)
	if err != nil {
		return a, fmt.Errorf("accounts: %w", err)
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return a, fmt.Errorf("accounts in %s: %w", path, err)
	}
	if a.Password == "" || len(a.Teachers) == 0 || len(a.Students) == 0 {
		return a, fmt.Errorf("accounts in %s: a password, teachers and students are needed", path)
	}
	return a, nil
}

// Person is somebody who is signed in.
type Person struct {
	Name  string
	ID    string
	Token string
	From  net.IP // each has an address of their own, as people at home have; loopback has 16 million
}

// addressOf gives the n-th address of 127.1.0.0/16.
func addressOf(n int) net.IP { return net.IPv4(127, 1+byte(n/62500), byte(n/250%250), byte(1+n%250)) }

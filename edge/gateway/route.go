package gateway

import (
	"net/http"
	"reflect"
	"slices"

	"multistream/shared/rest"
	"multistream/shared/rest/accounts"
	"multistream/shared/session"
)

const (
	inSession = rest.InSession
	post      = http.MethodPost
	patch     = http.MethodPatch
	del       = http.MethodDelete
	created   = http.StatusCreated
)

// cookies names the cookies of a box.
const cookies = rest.Cookies("ms")

// routes gives the whole table. A zero Gateway has it too, for the documents.
func (g *Gateway) routes() []rest.Route {
	people := g.accounts
	if people == nil {
		people = new(accounts.API)
	}
	all := slices.Concat(people.SignInRoutes(), g.boxRoutes(), g.sessionRoutes(), g.participationRoutes(), g.joinCodeRoutes(), g.studioRoutes(), g.interactionRoutes(), g.markRoutes(),
		g.liveRoutes(), people.PeopleRoutes())
	for i := range all {
		if all[i].Handle == nil {
			all[i].Handle = g.give
		}
	}
	return rest.Complete(all)
}

// giving is a command by its name.
func giving(word, command string) rest.Action {
	t, ok := session.CommandOf(command)
	if !ok {
		panic("gateway: there is no command " + command)
	}
	return rest.Action{Word: word, Command: command, Payload: reflect.TypeOf(t.New()).Elem()}
}

// one is the usual case: a route that gives one command.
func one(method, path, id, command, about string, answer any, status int) rest.Route {
	return rest.Route{Method: method, Path: path, ID: id, About: about, Actions: []rest.Action{giving("", command)}, Answer: answer, Status: status}
}

// several is a route whose field "action" chooses the command: word, command, word, command …
func several(path, id, about string, words ...string) rest.Route {
	r := rest.Route{Method: post, Path: path, ID: id, About: about, Answer: Done{}}
	for i := 0; i+1 < len(words); i += 2 {
		r.Actions = append(r.Actions, giving(words[i], words[i+1]))
	}
	return r
}

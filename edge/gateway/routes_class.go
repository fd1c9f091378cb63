package gateway

import (
	"maps"
	"net/http"
	"slices"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/rest"
)

func (g *Gateway) participationRoutes() []rest.Route {
	leave := one(post, inSession+"/leave", "leave", "participant.leave", "Leave the class, on all devices.", Done{}, 0)
	leave.Plain = true // a page that closes sends it as a beacon
	return []rest.Route{
		one(post, inSession+"/join", "join", "participant.join", "Join the class, or its waiting room.", JoinAnswer{}, 0),
		{Method: post, Path: "/join", ID: "joinByCode", About: "Join by code: as oneself if signed in, else as a guest of that class, who is signed in for it alone.", Open: true, Request: codeBody{}, Answer: CodeJoinAnswer{}, Handle: g.joinByCode},
		leave,
		several(inSession+"/admissions", "admissions", "Let in, or turn away, somebody who waits, or all.", "admit", "participant.admit", "deny", "participant.deny"),
		several(inSession+"/lock", "lock", "Let nobody new in, or let people in again.", "lock", "session.lock", "unlock", "session.unlock"),
		one(post, inSession+"/permissions", "changePermissions", "permission.change", "Set role and permissions of somebody in this class.", Done{}, 0),
		several(inSession+"/hands", "hands", "Raise one's hand, or lower it; staff lower others'.", "raise", "hand.raise", "lower", "hand.lower"),
		one(post, inSession+"/reactions", "react", "reaction.send", "Send a reaction.", Done{}, 0),
		rest.Get(inSession+"/participants", "listParticipants", "Who is and was in the class, as far as one may know, by id: also whom a view has no room for.", ClassPeople{}, g.listParticipants,
			rest.Parameter{Name: "after", About: "the next of the page before", Schema: event.ID{}},
			rest.PageParameter()),
		several(inSession+"/participants/{userId}", "participants", "Mute, remove or ban somebody.", "mute", "participant.mute", "remove", "participant.remove", "ban", "participant.ban"),
		{Method: post, Path: inSession + "/media-token", ID: "mediaToken", About: "A fresh token for sound and picture. Media is off on this box.", Raw: true, Status: fault.Lookup(fault.MediaOff).Status, Gives: "Not on this box.", Handle: mediaOff},
		several(inSession+"/consent", "consent", "Give consent for a purpose, or withdraw it.", "give", "consent.give", "withdraw", "consent.withdraw"),
	}
}

func (g *Gateway) studioRoutes() []rest.Route {
	return []rest.Route{
		rest.Get(inSession+"/scenes", "listScenes", "The scene strip.", SceneList{}, g.listScenes),
		one(post, inSession+"/scenes", "createScene", "scene.create", "Add a scene.", SceneAnswer{}, created),
		one(patch, inSession+"/scenes/{sceneId}", "updateScene", "scene.update", "Change name, layout and place of a scene.", SceneAnswer{}, 0),
		one(del, inSession+"/scenes/{sceneId}", "deleteScene", "scene.delete", "Delete a scene that is not on screen.", Done{}, 0),
		one(post, inSession+"/scene", "switchScene", "scene.switch", "Put a scene on screen.", Done{}, 0),
		one(post, inSession+"/slides", "changeSlide", "slide.change", "Show a page of an asset, or a board page, in a scene.", Done{}, 0),
		one(post, inSession+"/layout", "changeLayout", "layout.change", "Change the layout of a scene.", Done{}, 0),
		several(inSession+"/whiteboard", "whiteboard", "Draw or erase, undo, clear, add a page.", "draw", "board.draw", "undo", "board.undo", "clear", "board.clear", "page", "board.add_page"),
		rest.Get(inSession+"/assets", "listAssets", "What the class may show.", AssetList{}, g.listAssets),
		{Method: post, Path: inSession + "/assets", ID: "addAsset", About: "Upload slides, a picture or media: the body is the file itself.", Actions: []rest.Action{giving("", "asset.add")}, Answer: AssetAnswer{}, Status: created, Raw: true, Accepts: slices.Sorted(maps.Keys(assetTypes)), Upload: true, Handle: g.addAsset,
			Query: []rest.Parameter{
				{Name: "kind", About: "what it is for", Required: true, Enum: []string{"slide", "media"}},
				{Name: "name", About: "what people see", Required: true, Schema: "", Limit: "asset_name"},
				{Name: "pages", About: "how many pages it has; 1 if not given", Schema: 0, Limit: "asset_pages"},
			}},
		one(del, inSession+"/assets/{assetId}", "removeAsset", "asset.remove", "Take an asset that is not on screen out of the class.", Done{}, 0),
		{Method: http.MethodGet, Path: inSession + "/assets/{assetId}", ID: "getAsset", About: "The bytes of an asset; with checksum, the content of a board page.", Handle: g.getAsset,
			Gives: "The bytes in the asset's own type (ranges and If-None-Match work), or a board page as JSON.",
			Query: []rest.Parameter{{Name: "checksum", About: "of a board page, as views and events give it", Schema: event.Hash{}}}},
	}
}

func (g *Gateway) interactionRoutes() []rest.Route {
	vote := one(post, inSession+"/polls/{pollId}/votes", "vote", voting, "Vote, or change one's vote while the poll is open.", Done{}, 0)
	vote.Secret = true
	return []rest.Route{
		rest.Get(inSession+"/chat", "listChat", "The latest messages that one may see.", ChatList{}, g.listChat),
		one(post, inSession+"/chat", "sendChat", "chat.send", "Send a message.", Created{}, created),
		one(del, inSession+"/chat/{messageId}", "deleteChat", "chat.delete", "Empty a message, or refuse a held one.", Done{}, 0),
		one(post, inSession+"/chat/{messageId}/approve", "approveChat", "chat.approve", "Show a held message.", Done{}, 0),
		one(post, inSession+"/chat/settings", "chatSettings", "chat.settings", "Set the rules of the chat.", Done{}, 0),
		rest.Get(inSession+"/questions", "listQuestions", "Open questions and the latest closed ones.", QuestionList{}, g.listQuestions),
		one(post, inSession+"/questions", "askQuestion", "question.ask", "Ask a question.", Created{}, created),
		one(post, inSession+"/questions/{questionId}/answer", "answerQuestion", "question.answer", "Answer in writing.", Done{}, 0),
		one(post, inSession+"/questions/{questionId}/upvote", "upvoteQuestion", "question.upvote", "Upvote a question.", Done{}, 0),
		one(del, inSession+"/questions/{questionId}/upvote", "withdrawUpvote", "question.withdraw_upvote", "Take one's upvote back.", Done{}, 0),
		one(post, inSession+"/questions/{questionId}/resolve", "resolveQuestion", "question.resolve", "Close a question that was dealt with aloud.", Done{}, 0),
		one(post, inSession+"/questions/{questionId}/dismiss", "dismissQuestion", "question.dismiss", "Close a question without an answer.", Done{}, 0),
		rest.Get(inSession+"/polls", "listPolls", "Open polls and the latest closed ones.", PollList{}, g.listPolls),
		one(post, inSession+"/polls", "startPoll", "poll.start", "Open a poll.", Created{}, created),
		vote,
		one(post, inSession+"/polls/{pollId}/end", "endPoll", "poll.end", "Close a poll with its results.", Done{}, 0),
		one(post, inSession+"/reports", "report", "message.report", "Put a message before staff.", Created{}, created),
		one(post, inSession+"/reports/{reportId}", "resolveReport", "report.resolve", "Close a report.", Done{}, 0),
		rest.Get(inSession+"/moderation", "inbox", "What waits for staff.", Inbox{}, g.inbox),
		several(inSession+"/moderation", "moderation", "Take an item of the inbox, or give it back.", "claim", "moderation.claim", "release", "moderation.release"),
		several(inSession+"/exam", "exam", "Start or end exam mode; tell whether one's page is in front.", "start", "exam.start", "end", "exam.end", "focus", "exam.focus"),
	}
}

func (g *Gateway) markRoutes() []rest.Route {
	return []rest.Route{
		several(inSession+"/recording", "recording", "Start, pause, resume or stop recording. No recorder is armed on this box yet.", "start", "recording.start", "pause", "recording.pause", "resume", "recording.resume", "stop", "recording.stop"),
		one(post, inSession+"/ctas", "showCTA", "cta.show", "Put a call to action on screen.", Created{}, created),
		one(del, inSession+"/ctas/{ctaId}", "hideCTA", "cta.hide", "Take it away.", Done{}, 0),
		one(post, inSession+"/marks", "mark", "chapter.mark", "Mark this moment of the class.", Created{}, created),
		one(post, inSession+"/notes", "addNote", "note.add", "Add a note, for everyone or for staff.", Created{}, created),
	}
}

func mediaOff(*rest.Call) (any, error) {
	return nil, fault.New(fault.MediaOff, "Sound and picture are off on this box; the class goes on without. Nothing was changed.")
}

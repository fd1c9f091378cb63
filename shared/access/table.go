package access

// row says which roles may give a command, and which permissions open it to the other roles.
type row struct {
	roles  []string
	grants []string
}

var (
	everybody = []string{Teacher, Admin, Assistant, Student}
	staff     = []string{Teacher, Admin, Assistant}
	lead      = []string{Teacher, Admin}
)

// box is a row for a command that only a part of the box gives.
func box() row { return row{} }

func to(roles []string, grants ...string) row { return row{roles: roles, grants: grants} }

var table = map[string]row{
	"session.schedule":   to(lead),
	"session.reschedule": to(lead),
	"session.cancel":     to(lead),
	"session.start":      to(lead, Start),
	"session.end":        to(lead, End),
	"session.undo_end":   to(lead, End),
	"session.end_now":    box(),
	"session.halt":       to(lead),
	"session.resume":     to(lead),
	"session.archive":    to(lead),
	"session.transfer":   box(),
	"session.lock":       to(staff, Manage),
	"session.unlock":     to(staff, Manage),
	"session.settings":   to(lead, Manage),
	"feature.degrade":    box(),
	"feature.restore":    box(),
	"exam.start":         to(lead, Manage),
	"exam.end":           to(lead, Manage),
	"exam.focus":         to(everybody),

	"participant.join":   to(everybody),
	"participant.leave":  to(everybody),
	"participant.expire": box(),
	"participant.admit":  to(staff, Manage),
	"participant.deny":   to(staff, Manage),
	"participant.mute":   to(staff, Manage),
	"participant.remove": to(staff, Manage),
	"participant.ban":    to(staff, Manage),
	"permission.change":  to(staff, Manage),
	"consent.give":       to(everybody),
	"consent.withdraw":   to(everybody),
	"hand.raise":         to(everybody),
	"hand.lower":         to(everybody),
	"reaction.send":      to(everybody),

	"scene.create":   to(lead, Present),
	"scene.update":   to(lead, Present),
	"scene.delete":   to(lead, Present),
	"scene.switch":   to(lead, Present),
	"layout.change":  to(lead, Present),
	"slide.change":   to(lead, Present),
	"asset.add":      to(lead, Present),
	"asset.remove":   to(lead, Present),
	"board.draw":     to(lead, Draw, Present),
	"board.undo":     to(lead, Draw, Present),
	"board.clear":    to(lead, Present),
	"board.add_page": to(lead, Present),
	"cta.show":       to(lead, Present),
	"cta.hide":       to(lead, Present),
	"chapter.mark":   to(lead, Present),

	"chat.send":                to(everybody, Chat),
	"chat.approve":             to(staff, Moderate),
	"chat.delete":              to(everybody, Moderate),
	"chat.settings":            to(staff, Moderate),
	"message.report":           to(everybody),
	"report.resolve":           to(staff, Moderate),
	"moderation.claim":         to(staff, Moderate),
	"moderation.release":       to(staff, Moderate),
	"question.ask":             to(everybody, Ask),
	"question.answer":          to(staff, Moderate),
	"question.upvote":          to(everybody, Ask),
	"question.withdraw_upvote": to(everybody, Ask),
	"question.resolve":         to(staff, Moderate),
	"question.dismiss":         to(staff, Moderate),
	"poll.start":               to(staff, Moderate),
	"poll.vote":                to(everybody),
	"poll.end":                 to(staff, Moderate),
	"note.add":                 to(staff),
	"caption.add":              box(),

	"recording.arm":       box(),
	"recording.start":     to(lead, Manage),
	"recording.pause":     to(lead, Manage),
	"recording.resume":    to(lead, Manage),
	"recording.stop":      to(lead, Manage),
	"recording.finalize":  box(),
	"recording.fail":      box(),
	"media.degrade":       box(),
	"media.restore":       box(),
	"media.move":          box(),
	"destination.enable":  to(lead),
	"destination.disable": to(lead),
	"destination.live":    box(),
	"destination.fail":    box(),
	"destination.stop":    box(),
}

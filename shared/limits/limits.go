// Package limits is the one table of limits: the schemas, the server and the web client take them from here.
package limits

// Limit bounds one value: the length of a text in Unicode code points, the count of a list, or the value of a number.
type Limit struct {
	Min, Max int
}

// Table holds the limits of input fields by the name in their struct tag `limit:"name"`.
var Table = map[string]Limit{
	"title":            {1, 200},
	"display_name":     {1, 80},
	"reason":           {0, 300},
	"scene_name":       {1, 80},
	"layout_name":      {1, 20},
	"asset_name":       {1, 120},
	"asset_pages":      {1, 500},
	"content_type":     {3, 127},
	"chat_content":     {1, 2000},
	"question_content": {1, 1000},
	"answer_content":   {1, 4000},
	"note_content":     {1, 4000},
	"caption_text":     {1, 1000},
	"caption_language": {2, 20},
	"mark_title":       {0, 120},
	"report_note":      {0, 500},
	"poll_prompt":      {1, 300},
	"poll_options":     {2, 10},
	"poll_option":      {1, 120},
	"poll_choices":     {0, 10},
	"poll_choice":      {0, 9}, // number of an option, from 0
	"cta_label":        {1, 80},
	"cta_url":          {1, 500},
	"words":            {0, 500},
	"word":             {1, 60},
	"slow_seconds":     {0, 600},
	"capacity":         {0, 5000},
	"plan_staff":       {1, 50},
	"plan_destination": {0, 20},
	"grants":           {0, 20},
	"join_code":        {0, 12},
	"claim_code":       {1, 64},
	"domain":           {3, 253},
	"typed_code":       {1, 40}, // a join code as people type it, with dashes and blanks
	"device":           {32, 128},
	"order":            {0, 10000},
	"page_index":       {0, 499},
	"board_operations": {1, 50},
	"stroke_points":    {2, strokeMax},
	"coordinate":       {0, 65535},
	"stroke_width":     {1, 65535},
	"stroke_text":      {0, 500},
	"color":            {7, 7},
	"storage_url":      {1, 1000},
	"server_name":      {1, 80},
	"feature_name":     {1, 40},
	"idempotency_key":  {1, 128},
	"email":            {3, 254},
	"username":         {1, 64},
	"password":         {1, 256},
	"new_password":     {8, 256},
	"course_title":     {1, 200},
	"user_roles":       {1, 4},
	"email_change":     {0, 254},
	"username_change":  {0, 64},
	"version":          {16, 16},
	"cards":            {1, 500},
	"search":           {0, 200},
	"milliseconds":     {0, 1 << 40},
	"page":             {1, 200}, // entries of a page of a list
	"poll_wait":        {0, 25},  // seconds that a poll for frames may wait
	"audit_number":     {1, 1<<53 - 1},
	"moment":           {1, 40}, // a sequence number, or a time
}

// Windows and caps of a class's live state.
const (
	ChatWindow        = 100  // latest messages of a view, and of each audience in the live state
	HeldMessages      = 200  // messages waiting for approval; further ones are refused
	CaptionWindow     = 20   // latest captions
	MarkWindow        = 100  // latest marks of the timeline
	NoteWindow        = 50   // latest notes
	RosterView        = 200  // people in a view; the rest is paged
	NamedClass        = 60   // above this many present, students see newcomers as a count
	OpenQuestions     = 100  // open questions; further ones are refused
	ClosedQuestions   = 20   // latest answered, resolved or dismissed questions of a view
	OpenPolls         = 5    // polls open at once
	ClosedPolls       = 10   // latest closed polls of a view
	Scenes            = 60   // scenes of a class
	Assets            = 200  // assets of a class
	BoardPages        = 50   // board pages of a class
	PagePoints        = 6000 // numbers in the strokes of a page that a view carries; larger pages are fetched by checksum
	PagePointsMax     = 400000
	UndoDepth         = 30 // changes of a page that one person can take back
	OpenReports       = 200
	WaitingPeople     = 300
	People            = 6000 // people that ever joined one class
	PrivateWindows    = 2000 // private conversations of a class
	EndingMillis      = 10_000
	AbsenceMillis     = 60_000
	WaitingAbsence    = 120_000   // milliseconds without a connection after which somebody waits no more
	BodyBytes         = 256 << 10 // request bodies other than assets
	AssetBytes        = 50 << 20
	SocketMessage     = 256 << 10
	JSONDepth         = 16
	MailboxCommands   = 512 // commands waiting in one class
	UserCommandsPer10 = 120 // commands of one person in one class in 10 s
	ClassSaidPer1     = 180 // what pupils say in one class in 1 s: chat, questions, reactions, hands; further ones are refused. With a full start 200 in each of 10 s
	UserSignalsPer10  = 200 // typing and pointer signals of one person in one class in 10 s; further ones are dropped
	ClassSignalsPer10 = 2000
	SignalBytes       = 512  // of the message that carries one
	SignalMillis      = 3000 // how long a client shows a pointer or somebody typing without hearing of it again
	ShownPointers     = 8    // pointers told at once
	ShownTyping       = 20   // people told to be typing at once
	EventsPage        = 500
	KeysOfDay         = 5000 // idempotency keys of one person outside classes in 24 h
	ImportRows        = 10_000
	ImportBytes       = 4 << 20
	PageDefault       = 50            // entries of a page of a list, where none is asked for
	SessionScan       = 1000          // classes looked at for one page
	CatchUpEvents     = 5000          // events behind until which a client gets each of them; further behind a fresh view is sooner there
	SkipMillis        = 250           // how long an invisible event may wait for a visible one
	StrokePoints      = strokeMax / 2 // points of a stroke drawn by hand
)

const strokeMax = 3000

// Connections and sign-ins of a box.
const (
	SocketsOfUser      = 8
	Connections        = 20_000
	Strangers          = 8192 // connections that are not signed in yet
	SignInsPer10       = 60   // refused refreshes from one address in 10 s
	PasswordQueue      = 2000 // passwords that wait to be checked
	WrongPasswords     = 10   // of one account from one address before it is locked there
	WrongOfAddress     = 300  // from one address, whatever the accounts; then one a pause
	WrongOfAccount     = 100  // of one account, whatever the addresses; then one a pause
	AddressPauseMillis = 1000
	AccountPauseMillis = 30_000
	FirstLockMillis    = 30_000 // doubled by each further wrong password
	LongestLockMillis  = 900_000
	KnownDays          = 30     // how long an account is known at an address after its right password came from there
	RememberedGuesses  = 20_000 // accounts and addresses kept in memory
)

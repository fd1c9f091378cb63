package fault

// The codes. Each has one line in table; docs/api.md lists them from there.
const (
	InvalidBody      Code = "invalid_body"
	InvalidField     Code = "invalid_field"
	UnknownField     Code = "unknown_field"
	BodyTooLarge     Code = "body_too_large"
	UnsupportedType  Code = "unsupported_media_type"
	KeyMissing       Code = "idempotency_key_missing"
	KeyConflict      Code = "idempotency_conflict"
	Erased           Code = "erased"
	Unauthenticated  Code = "unauthenticated"
	TokenExpired     Code = "token_expired"
	BadCredentials   Code = "bad_credentials"
	TenantRequired   Code = "tenant_required"
	BoxUnclaimed     Code = "box_unclaimed"
	PasswordChange   Code = "password_change_required"
	HubRules         Code = "hub_rules"
	VersionConflict  Code = "version_conflict"
	LastAdmin        Code = "last_admin"
	KeysExhausted    Code = "idempotency_keys_exhausted"
	Forbidden        Code = "forbidden"
	NotFound         Code = "not_found"
	MethodNotAllowed Code = "method_not_allowed"
	JoinCodeWrong    Code = "join_code_wrong"
	NotJoined        Code = "not_joined"
	NotStarted       Code = "not_started"
	AlreadyStarted   Code = "already_started"
	SessionEnded     Code = "session_ended"
	SessionEnding    Code = "session_ending"
	SessionCancelled Code = "session_cancelled"
	SessionHalted    Code = "session_halted"
	SessionLocked    Code = "session_locked"
	WrongState       Code = "wrong_state"
	Waiting          Code = "waiting_for_admission"
	Denied           Code = "denied"
	Removed          Code = "removed"
	Banned           Code = "banned"
	Full             Code = "session_full"
	PollClosed       Code = "poll_closed"
	ChatClosed       Code = "chat_closed"
	SlowMode         Code = "slow_mode"
	FeatureOff       Code = "feature_off"
	FeatureDegraded  Code = "feature_degraded"
	ExamMode         Code = "exam_mode"
	LimitReached     Code = "limit_reached"
	RateLimited      Code = "rate_limited"
	ClaimedByOther   Code = "claimed_by_other"
	MediaOff         Code = "media_off"
	RecorderNotArmed Code = "recorder_not_armed"
	StartGate        Code = "start_gate_failed"
	Busy             Code = "busy"
	HubUnreachable   Code = "hub_unreachable"
	LogUnavailable   Code = "log_unavailable"
	LogDamaged       Code = "log_damaged"
	IdentityDown     Code = "identity_unavailable"
	NotBuilt         Code = "not_built_yet"
	TimedOut         Code = "timed_out"
	Internal         Code = "internal"
)

// Entry says how a code is told over HTTP and, when it ends a socket, with which close code (4000 to 4999).
type Entry struct {
	Status int
	Close  int
	Retry  bool // the same request, with the same key, may succeed later
}

var table = map[Code]Entry{
	InvalidBody:      {400, 4400, false},
	InvalidField:     {400, 4400, false},
	UnknownField:     {400, 4400, false},
	BodyTooLarge:     {413, 4413, false},
	UnsupportedType:  {415, 4400, false},
	KeyMissing:       {400, 4400, false},
	KeyConflict:      {409, 4409, false},
	Erased:           {410, 4410, false},
	Unauthenticated:  {401, 4401, false},
	TokenExpired:     {401, 4401, false},
	BadCredentials:   {401, 4401, false},
	TenantRequired:   {409, 4409, false},
	BoxUnclaimed:     {503, 4503, true},
	PasswordChange:   {403, 4403, false},
	HubRules:         {409, 4409, false},
	VersionConflict:  {409, 4409, false},
	LastAdmin:        {409, 4409, false},
	KeysExhausted:    {429, 4429, true},
	Forbidden:        {403, 4403, false},
	NotFound:         {404, 4404, false},
	MethodNotAllowed: {405, 4405, false},
	JoinCodeWrong:    {404, 4404, false},
	NotJoined:        {403, 4403, false},
	NotStarted:       {409, 4409, true},
	AlreadyStarted:   {409, 4409, false},
	SessionEnded:     {409, 4410, false},
	SessionEnding:    {409, 4409, true},
	SessionCancelled: {409, 4410, false},
	SessionHalted:    {503, 4503, true},
	SessionLocked:    {409, 4409, true},
	WrongState:       {409, 4409, false},
	Waiting:          {409, 4409, true},
	Denied:           {403, 4403, false},
	Removed:          {403, 4403, false},
	Banned:           {403, 4403, false},
	Full:             {409, 4409, true},
	PollClosed:       {409, 4409, false},
	ChatClosed:       {409, 4409, true},
	SlowMode:         {429, 4429, true},
	FeatureOff:       {409, 4409, false},
	FeatureDegraded:  {503, 4503, true},
	ExamMode:         {409, 4409, true},
	LimitReached:     {409, 4409, false},
	RateLimited:      {429, 4429, true},
	ClaimedByOther:   {409, 4409, false},
	MediaOff:         {503, 4503, true},
	RecorderNotArmed: {503, 4503, true},
	StartGate:        {503, 4503, true},
	Busy:             {503, 4503, true},
	HubUnreachable:   {503, 4503, true},
	LogUnavailable:   {503, 4503, true},
	LogDamaged:       {503, 4503, false},
	IdentityDown:     {503, 4503, true},
	NotBuilt:         {501, 4501, false},
	TimedOut:         {504, 4504, true},
	Internal:         {500, 4500, true},
}

// Lookup gives a code's line; an unknown code is told as an internal error.
func Lookup(c Code) Entry {
	if e, ok := table[c]; ok {
		return e
	}
	return table[Internal]
}

// Codes lists every code.
func Codes() []Code {
	out := make([]Code, 0, len(table))
	for c := range table {
		out = append(out, c)
	}
	return out
}

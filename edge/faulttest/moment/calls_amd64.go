package moment

// fsync and fdatasync, as /proc shows them.
var syncCalls = [2]string{"74", "75"}

package sqlite

import "sync/atomic"

// Stats are counts since the store was opened, and a few present states.
type Stats struct {
	Events            int64 // committed
	Commits           int64
	Requests          int64 // batches and other units in those commits
	FailedCommits     int64 // groups of which nothing was written
	Busy              int64 // refused because the queue was full
	QueueLength       int64 // waiting now
	QueueBytes        int64
	Checkpoints       int64
	CheckpointsFailed int64
	WALPages          int64 // pages in the write-ahead log when last looked at
	Damaged           int64 // reads that met a damaged row
	ScrubRounds       int64 // complete rounds of the background check
	ScrubRows         int64
	ScrubDamaged      int64 // sessions in which the last round found damage
	Fenced            bool
	Reserve           Reserve
}

type counters struct {
	events, commits, requests, failed, busy, checkpoints, checkpointsFailed, walPages atomic.Int64
	damaged, scrubRounds, scrubRows, scrubDamaged                                     atomic.Int64
}

func (c *counters) committed(requests int) {
	c.commits.Add(1)
	c.requests.Add(int64(requests))
}

// Stats gives the counts of now.
func (s *Store) Stats() Stats {
	c := &s.stats
	waiting, bytes := s.writer.queue.length()
	return Stats{
		Events: c.events.Load(), Commits: c.commits.Load(), Requests: c.requests.Load(), FailedCommits: c.failed.Load(),
		Busy: c.busy.Load(), QueueLength: int64(waiting), QueueBytes: bytes,
		Checkpoints: c.checkpoints.Load(), CheckpointsFailed: c.checkpointsFailed.Load(), WALPages: c.walPages.Load(),
		Damaged: c.damaged.Load(), ScrubRounds: c.scrubRounds.Load(), ScrubRows: c.scrubRows.Load(), ScrubDamaged: c.scrubDamaged.Load(),
		Fenced: s.writer.fence.err() != nil, Reserve: s.Reserve(),
	}
}

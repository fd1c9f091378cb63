package orchestrator

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestWhoPollsIsThere: streams that are opened and closed again, with moments between them, are a connection like one that
// stays; only who stops is logged as gone, a minute after the last.
func TestWhoPollsIsThere(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		for _, who := range []*client{b.joinFrom(rivera.UserID, b.fresh(rivera.UserID)), b.joinFrom(sam.UserID, b.fresh(sam.UserID))} {
			defer who.st.Close()
		}
		view := b.fresh(ada.UserID)
		for range 60 {
			c := b.joinFrom(ada.UserID, view)
			<-time.After(5 * time.Second)
			c.st.Close()
			<-time.After(2 * time.Second)
		}
		<-time.After(55 * time.Second)
		synctest.Wait()
		if left := b.leaves(); len(left) != 0 {
			t.Fatalf("logged as gone: %+v", left)
		}
		<-time.After(5 * time.Second)
		synctest.Wait()
		if left := b.leaves(); len(left) != 1 || left[0].UserID != ada.UserID || left[0].Reason != "timeout" {
			t.Errorf("a minute after the last poll: %+v", left)
		}
	})
}

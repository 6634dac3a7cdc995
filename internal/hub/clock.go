package hub

import (
	"net/http"
	"sync/atomic"
	"time"
)

// clock compares the hub's clock with ours.
type clock struct {
	// ahead is how far the hub's is ahead, in nanoseconds, to the second.
	ahead atomic.Int64
}

// UnseenSkew is by how much the hub's clock has to differ from ours for us to see it,
// as an answer's Date is to the second.
const UnseenSkew = 2 * time.Second

// Skew is how far the hub's clock is ahead of ours, as far as its last answer
// told. Less than UnseenSkew is none.
func (c *Client) Skew() time.Duration { return time.Duration(c.clock.ahead.Load()) }

// compare takes the date of an answer to what was asked at a moment. A hub sets it
// anywhere between that moment and now, which is seconds for one that is busy, or when
// we are: only what is outside of that is skew.
func (c *clock) compare(asked time.Time, answer *http.Response) {
	date, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return
	}
	skew := max(time.Until(date), min(date.Sub(asked), 0))
	if skew.Abs() < UnseenSkew {
		skew = 0
	}
	c.ahead.Store(int64(skew))
}

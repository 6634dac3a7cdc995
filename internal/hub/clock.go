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

func (c *clock) compare(answer *http.Response) {
	date, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return
	}
	skew := time.Until(date)
	if skew.Abs() < UnseenSkew {
		skew = 0
	}
	c.ahead.Store(int64(skew))
}

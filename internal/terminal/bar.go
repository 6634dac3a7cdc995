package terminal

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Bar shows how far something is: one line that changes, or, where a line cannot
// be written over, a new line now and then.
type Bar struct {
	screen Screen
	// title and step are what was last told line by line.
	title string
	step  int
	drawn bool
}

// NewBar makes a bar.
func NewBar(screen Screen) *Bar { return &Bar{screen: screen} }

// barWidth is how wide the bar itself is at most, and roomForBar from how wide a
// screen there is one; stride is how many percent there are between two lines.
const (
	barWidth   = 24
	roomForBar = 30
	stride     = 25
)

// Show says how far it is, in percent; negative is unknown. It has taken so long
// until now.
func (b *Bar) Show(title string, percent int, taken time.Duration) {
	title = b.screen.Text(title)
	percent = min(percent, 100)
	if b.screen.Moves {
		b.draw(title, percent, taken)
		return
	}
	step := percent / stride
	if title == b.title && step <= b.step || title == "" {
		return
	}
	b.title, b.step = title, step
	if percent > 0 {
		title += fmt.Sprintf(" (%d %%)", percent)
	}
	fmt.Fprintln(b.screen.Out, title)
}

func (b *Bar) draw(title string, percent int, taken time.Duration) {
	var built strings.Builder
	columns := b.screen.Columns()
	if width := min(barWidth, columns/3); percent >= 0 && columns >= roomForBar {
		done := width * percent / 100
		full, rest := "#", "-"
		if b.screen.UTF8 {
			full, rest = "━", "─"
		}
		fmt.Fprintf(&built, "%s%s %3d %% ", b.screen.Paint(Green, strings.Repeat(full, done)), b.screen.Paint(Faint, strings.Repeat(rest, width-done)), percent)
		columns -= width + 7
	}
	clock := fmt.Sprintf(" %d:%02d", int(taken.Minutes()), int(taken.Seconds())%60)
	// The last column stays free: many terminals begin a new line behind it.
	built.WriteString(b.screen.Cut(title, columns-1-len(clock)))
	built.WriteString(b.screen.Paint(Faint, clock))
	_, _ = io.WriteString(b.screen.Out, "\r\x1b[K"+built.String())
	b.drawn = true
}

// Log writes a line that stays, above the bar.
func (b *Bar) Log(line string) {
	b.Clear()
	fmt.Fprintln(b.screen.Out, b.screen.Text(line))
}

// Clear takes the bar away.
func (b *Bar) Clear() {
	if b.drawn {
		_, _ = io.WriteString(b.screen.Out, "\r\x1b[K")
		b.drawn = false
	}
}

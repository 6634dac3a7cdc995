package hubconfig

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// literal writes a text as a Python string. What Go escapes in ASCII means the
// same to Python (Language Reference, section 2.4.1), as long as the text is UTF-8:
// in others, Go writes bytes where Python reads characters. Nothing but ASCII is
// left, so that what an editor shows is what is there.
func literal(text string) (string, error) {
	if !utf8.ValidString(text) {
		return "", errors.New("it is not UTF-8 text")
	}
	return strconv.QuoteToASCII(text), nil
}

// literals writes a list of texts.
func literals(texts []string) (string, error) {
	written := make([]string, len(texts))
	for i, text := range texts {
		var err error
		if written[i], err = literal(text); err != nil {
			return "", err
		}
	}
	return "[" + strings.Join(written, ", ") + "]", nil
}

//go:build !linux || 386 || arm || mips || mipsle

package account

import "errors"

// Check says whether the program can work as others.
func Check() error {
	return errors.New("files can be worked with as another user on 64-bit Linux only")
}

// Do does something with the account's rights on files. Without an account it is
// done as what the program is.
func (a *Account) Do(work func() error) error {
	if a == nil {
		return work()
	}
	return Check()
}

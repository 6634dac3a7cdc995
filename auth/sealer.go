package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// errSealed is what every value that we did not seal, or sealed too long ago,
// gives. It says no more on purpose.
var errSealed = errors.New("not a value sealed by this server, or expired")

// text is strict, so that one value has one spelling.
var text = base64.RawURLEncoding.Strict()

// sealer encrypts and authenticates what is kept in a browser: AES-256-GCM
// with a random nonce, bound to a name, with the time of sealing inside.
type sealer struct {
	aead cipher.AEAD
	now  func() time.Time
}

// newSealer derives the key from the server's own token. So a restart within
// one spawn, and a second replica, open each other's values, while a new
// spawn, which gets a new token, does not.
func newSealer(token Secret, now func() time.Time) (*sealer, error) {
	key, err := hkdf.Key(sha256.New, []byte(token.Reveal()), nil, "jhsingle-native-proxy browser cookies v1", 32)
	if err != nil {
		return nil, fmt.Errorf("cannot derive the cookie key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("cannot make the cookie cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("cannot make the cookie cipher: %w", err)
	}
	return &sealer{aead, now}, nil
}

// seal returns the value in a form fit for a cookie called name.
func (s *sealer) seal(name, value string) string {
	plain, _ := binary.Append(nil, binary.BigEndian, s.now().Unix()) // cannot fail for an int64
	plain = append(plain, value...)
	// #nosec G407 -- the cipher makes a random nonce for each value by itself
	return text.EncodeToString(s.aead.Seal(nil, nil, plain, []byte(name)))
}

// open returns what was sealed under that name at most maxAge ago.
func (s *sealer) open(name, sealed string, maxAge time.Duration) (string, error) {
	raw, err := text.DecodeString(sealed)
	if err != nil {
		return "", errSealed
	}
	plain, err := s.aead.Open(nil, nil, raw, []byte(name))
	if err != nil {
		return "", errSealed
	}
	var sealedAt int64 // Unix seconds
	length, err := binary.Decode(plain, binary.BigEndian, &sealedAt)
	if err != nil {
		return "", errSealed
	}
	age := s.now().Sub(time.Unix(sealedAt, 0))
	if age > maxAge {
		return "", errSealed
	}
	return string(plain[length:]), nil
}

//go:build e2e || attacktable

package attack

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"testing"
	"time"
)

// The login cookie is sealed with a key that comes from the server's own token.
// The suite knows that token, and so can make a cookie that has expired and look
// for the hub's token inside a good one. Both are checked to be the real thing:
// a fresh one must open the door.

func cookieCipher(t *testing.T, at *server) cipher.AEAD {
	t.Helper()
	key, err := hkdf.Key(sha256.New, []byte(at.secret()), nil, "jhsingle-native-proxy browser cookies v1", 32)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	return aead
}

// seal makes a cookie's value as our program would have at that moment.
func seal(t *testing.T, at *server, name, value string, when time.Time) string {
	t.Helper()
	plain := binary.BigEndian.AppendUint64(nil, uint64(when.Unix()))
	sealed := cookieCipher(t, at).Seal(nil, nil, append(plain, value...), []byte(name))
	return base64.RawURLEncoding.EncodeToString(sealed)
}

// unseal opens a cookie's value.
func unseal(t *testing.T, at *server, name, value string) string {
	t.Helper()
	sealed, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		t.Fatalf("the cookie %s is not base64: %v", name, err)
	}
	plain, err := cookieCipher(t, at).Open(nil, nil, sealed, []byte(name))
	if err != nil || len(plain) < 8 {
		t.Fatalf("the cookie %s does not open: %v", name, err)
	}
	return string(plain[8:])
}

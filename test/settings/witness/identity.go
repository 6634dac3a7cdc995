package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// verify reads the claims of a JSON web token (RFC 7519) that is signed with
// HS256 (RFC 7515, RFC 7518 section 3.2), as any app's library does. Nothing of
// the program under test is used.
func verify(headers []string, key []byte, now time.Time) (map[string]any, error) {
	if len(key) == 0 {
		return nil, errors.New("there is no key")
	}
	if len(headers) != 1 {
		return nil, fmt.Errorf("there are %d tokens", len(headers))
	}
	parts := strings.Split(headers[0], ".")
	if len(parts) != 3 {
		return nil, errors.New("this is no token")
	}
	var head struct {
		Algorithm string `json:"alg"`
		Critical  any    `json:"crit"`
	}
	if err := decode(parts[0], &head); err != nil {
		return nil, err
	}
	if head.Algorithm != "HS256" || head.Critical != nil {
		return nil, fmt.Errorf("the algorithm is %q", head.Algorithm)
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, err
	}
	sum := hmac.New(sha256.New, key)
	sum.Write([]byte(parts[0] + "." + parts[1]))
	if !hmac.Equal(sum.Sum(nil), signature) {
		return nil, errors.New("the signature is wrong")
	}
	var claims map[string]any
	if err := decode(parts[1], &claims); err != nil {
		return nil, err
	}
	expires, ok := claims["exp"].(float64)
	if !ok || !now.Before(time.Unix(int64(expires), 0)) {
		return nil, fmt.Errorf("it expires at %v", claims["exp"])
	}
	return claims, nil
}

func decode(part string, into any) error {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

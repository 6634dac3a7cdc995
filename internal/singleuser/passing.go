package singleuser

import (
	"time"

	"github.com/spf13/pflag"

	"github.com/ideonate/jhsingle-native-proxy/internal/setting"
)

// passing is how requests go to the app and answers come back.
type passing struct {
	requestTimeout time.Duration
	absoluteURL    bool
	mapPath        map[string]string
	requestHeaders map[string]string
	keepLocation   bool
	rawSocket      bool
	maxMessage     int
}

func (o *passing) register(flags *pflag.FlagSet) {
	o.requestTimeout = 300 * time.Second
	o.mapPath, o.requestHeaders = map[string]string{}, map[string]string{}
	flags.Var(setting.Seconds(&o.requestTimeout, 0), "request-timeout", "`seconds` that the app may be silent while a request waits for it; 0 is for ever")
	flags.BoolVar(&o.absoluteURL, "absolute-url", false, "pass paths on with the prefix, for an app that expects it")
	flags.Var(setting.Pairs(o.mapPath, nil), "mappath", "`PATH=OTHER`: a request for this path below the prefix is passed on as one for the other (repeatable, or one JSON object)")
	flags.Var(setting.Pairs(o.requestHeaders, nil), "request-headers-override", "`NAME=VALUE`: header that every request to the app has, whatever the visitor sent (repeatable, or one JSON object)")
	flags.BoolVar(&o.keepLocation, "keep-location", false, "leave the app's redirects to absolute paths alone, rather than put the prefix in front of those that lack it")
	flags.BoolVar(&o.rawSocket, "raw-socket-proxy", false, "the app speaks no HTTP: each websocket is a connection to it, and carries its bytes")
	flags.Var(setting.Number(&o.maxMessage, 0, 1<<40, "bytes"), "websocket-max-message-size", "`bytes` that one websocket message from a visitor may have; 0 is any")
}

package proxy

import "fmt"

// rules are what an operator wants to be otherwise on the way to the app and
// back.
type rules struct {
	// absolute says that the app is asked for the path with the prefix.
	absolute  bool
	mapping   mapping
	overrides *overrides
	locations locations
}

// Check says what is wrong with what comes from the command line, by the name
// of its flag.
func (c Config) Check() error {
	if c.MaxMessage < 0 {
		return fmt.Errorf("--websocket-max-message-size is %d; it is a number of bytes, and 0 is any", c.MaxMessage)
	}
	_, err := newRules(c)
	return err
}

func newRules(config Config) (rules, error) {
	paths, err := newMapping(config.MapPath)
	if err != nil {
		return rules{}, err
	}
	headers, err := newOverrides(config.RequestHeaders, config.Variables)
	if err != nil {
		return rules{}, err
	}
	return rules{absolute: config.Absolute, mapping: paths, overrides: headers, locations: newLocations(config)}, nil
}

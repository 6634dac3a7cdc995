package singleuser

import (
	"net"
	"time"

	"github.com/spf13/pflag"

	"github.com/ideonate/jhsingle-native-proxy/internal/setting"
)

// reporting is what is told to the hub and to operators.
type reporting struct {
	activityInterval time.Duration
	forceAlive       bool
	metricsAddress   string
	debug, logs      bool
	logFormat        string
	appLog           string
}

func (o *reporting) register(flags *pflag.FlagSet) {
	o.activityInterval = 300 * time.Second
	o.logFormat, o.appLog = "text", "auto"
	flags.Var(setting.Seconds(&o.activityInterval, 0), "last-activity-interval", "`seconds` between reports of activity to the hub; 0 is never; also --activity-interval")
	setting.OnOff(flags, &o.forceAlive, "force-alive", true, "report activity even where there was none, so that the hub does not stop an idle server")
	flags.StringVar(&o.metricsAddress, "metrics-address", "", "`host:port` where Prometheus metrics are served at /metrics (default: nowhere)")
	setting.OnOff(flags, &o.logs, "logs", true, "show what the app writes in our log")
	flags.Var(setting.Choice(&o.appLog, "auto", "raw", "records"), "app-log", "raw: the app's lines as they are; records: each with its time and stream; auto: records in a JSON log, else raw")
	flags.Var(setting.Choice(&o.logFormat, "text", "json"), "log-format", "how our log is written")
	setting.OnOff(flags, &o.debug, "debug", false, "log every request and more")
}

func (o *reporting) check(wrong wrong) error {
	if o.metricsAddress != "" {
		if _, _, err := net.SplitHostPort(o.metricsAddress); err != nil {
			return wrong("metrics-address", "is %q, which is not host:port", o.metricsAddress)
		}
	}
	return nil
}

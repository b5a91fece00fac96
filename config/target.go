package config

import (
	"errors"
	"fmt"
	"net"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// TypedKnobs is what was typed of how the demo target behaves, alone or in a
// demo. It is exported because envconfig needs that of what is embedded.
type TypedKnobs struct {
	People        string `envconfig:"LOAD_PEOPLE_FILE" flag:"people" value:"file" desc:"people like those of people.json, who may log in at the demo target and whom the payment workload's users act as; those that are built in if not set"`
	ServiceTime   string `envconfig:"SWELL_TARGET_SERVICE_TIME" flag:"service-time" value:"time" default:"20ms" desc:"mean time that the demo target takes for a request, like 20ms; 0: none is added"`
	ServiceTimeCV string `envconfig:"SWELL_TARGET_SERVICE_TIME_CV" flag:"service-time-cv" value:"number" default:"0.5" desc:"its coefficient of variation (gamma); 0 is constant"`
	Errors        string `envconfig:"SWELL_TARGET_ERRORS" flag:"errors" value:"share" default:"0" desc:"part of the requests that end with 503, like 0.01 or 1%"`
	Capacity      string `envconfig:"SWELL_TARGET_CAPACITY" flag:"capacity" value:"number" default:"0" desc:"requests in service at once; 0: any number"`
	Queue         string `envconfig:"SWELL_TARGET_QUEUE" flag:"queue" value:"number" default:"100" desc:"requests that wait when the capacity is taken; those beyond get 503"`
	SettleAfter   string `envconfig:"SWELL_TARGET_SETTLE_AFTER" flag:"settle-after" value:"time" default:"150ms" desc:"time until the background job settles a payment intent, and until its money is available"`
	PayoutAfter   string `envconfig:"SWELL_TARGET_PAYOUT_AFTER" flag:"payout-after" value:"time" default:"1s" desc:"time until the background job ends a payout"`
	WebhookAfter  string `envconfig:"SWELL_TARGET_WEBHOOK_AFTER" flag:"webhook-after" value:"time" default:"100ms" desc:"time until the background job delivers an event"`
	TokenLifetime string `envconfig:"SWELL_TARGET_TOKEN_LIFETIME" flag:"token-lifetime" value:"time" default:"15m" desc:"time until a log-in expires"`
	RateLimit     string `envconfig:"SWELL_TARGET_RATE_LIMIT" flag:"rate-limit" value:"number" default:"0" desc:"requests a second of one log-in, beyond which it gets 429; 0: any number"`
	RegressAfter  string `envconfig:"SWELL_TARGET_REGRESS_AFTER" flag:"regress-after" value:"time" default:"60s" desc:"time from the target's first request to what gets worse"`
	Regress       string `envconfig:"SWELL_TARGET_REGRESS" flag:"regress" value:"what" desc:"what gets worse then: latency=+30%, errors=5%, or both with a comma; nothing if not set"`
}

// rawTarget is what was typed for the demo target.
type rawTarget struct {
	Listen    string `envconfig:"SWELL_TARGET_LISTEN" flag:"listen" value:"host:port" default:"127.0.0.1:8081" desc:"address to listen on"`
	AccessLog string `envconfig:"SWELL_ACCESS_LOG" flag:"access-log" value:"file" desc:"file for the access log, one JSON object a line, written anew; none if not set"`
	TypedKnobs
}

// Target is the checked settings of the demo target.
type Target struct {
	Listen, AccessLog string
	Knobs
}

// Knobs is how the demo target behaves. Zero times and numbers mean none.
type Knobs struct {
	People                                 string
	ServiceTime                            time.Duration
	ServiceTimeCV                          float64
	Errors                                 float64 // part of the requests, 0 to 1
	Capacity, Queue                        int
	SettleAfter, PayoutAfter, WebhookAfter time.Duration
	TokenLifetime                          time.Duration
	RateLimit                              int // a second
	RegressAfter                           time.Duration
	RegressLatency                         float64 // factor of the service time; 0: as it was
	RegressErrors                          float64 // added to Errors
}

// TargetSettings are the settings of `swell target`, in the order of its help.
func TargetSettings() []Setting { return describe(rawTarget{}) }

// knobSettings are those that a demo has, too.
func knobSettings() []Setting { return describe(TypedKnobs{}) }

// ReadTarget reads and checks the settings of `swell target`. The error joins
// all problems, one sentence each.
func ReadTarget(flags Flags) (Target, error) {
	var raw rawTarget
	from, err := read(&raw, TargetSettings(), flags)
	if err != nil {
		return Target{}, err
	}
	var problems []error
	t := Target{Listen: raw.Listen, AccessLog: raw.AccessLog}
	if _, _, err := net.SplitHostPort(raw.Listen); err != nil {
		problems = append(problems, fmt.Errorf("%s: must be host:port (got %q)", from["Listen"], raw.Listen))
	}
	var more []error
	t.Knobs, more = raw.check(from)
	return t, errors.Join(append(problems, more...)...)
}

// check reads every knob and says what is wrong with each.
func (raw *TypedKnobs) check(from source) (Knobs, []error) {
	k := Knobs{People: raw.People}
	var problems []error
	check := func(field string, err error) {
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", from[field], err))
		}
	}
	for _, t := range []struct {
		field, text string
		into        *time.Duration
		least       time.Duration
	}{
		{"ServiceTime", raw.ServiceTime, &k.ServiceTime, 0},
		{"SettleAfter", raw.SettleAfter, &k.SettleAfter, 0},
		{"PayoutAfter", raw.PayoutAfter, &k.PayoutAfter, 0},
		{"WebhookAfter", raw.WebhookAfter, &k.WebhookAfter, 0},
		{"TokenLifetime", raw.TokenLifetime, &k.TokenLifetime, time.Millisecond},
		{"RegressAfter", raw.RegressAfter, &k.RegressAfter, 0},
	} {
		var err error
		*t.into, err = parseTime(t.text, t.least)
		check(t.field, err)
	}
	for _, n := range []struct {
		field, text string
		into        *int
	}{{"Capacity", raw.Capacity, &k.Capacity}, {"Queue", raw.Queue, &k.Queue}, {"RateLimit", raw.RateLimit, &k.RateLimit}} {
		var err error
		*n.into, err = parseUpTo(n.text, 1_000_000)
		check(n.field, err)
	}
	var err error
	if k.ServiceTimeCV, err = strconv.ParseFloat(raw.ServiceTimeCV, 64); err != nil || !(k.ServiceTimeCV >= 0 && k.ServiceTimeCV <= bound(largestCV)) {
		check("ServiceTimeCV", fmt.Errorf("must be a number from 0 to %s (got %q)", largestCV, raw.ServiceTimeCV))
	}
	k.Errors, err = parseShare(raw.Errors)
	check("Errors", err)
	check("Regress", k.parseRegress(raw.Regress))
	if len(problems) == 0 && k.RegressLatency > 0 && k.ServiceTime == 0 {
		check("Regress", errors.New("latency needs a --service-time above 0, which it is a part of"))
	}
	return k, problems
}

// longestTime bounds times: beyond it somebody meant another unit.
const longestTime = 30 * 24 * time.Hour

// parseTime reads a time as Go writes it.
func parseTime(text string, least time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(strings.TrimSpace(text))
	if err != nil || d < least || d > longestTime {
		return 0, fmt.Errorf("must be a time from %v to 720h, like 20ms, 1.5s or 2m (got %q)", least, clip(text))
	}
	return d, nil
}

func parseUpTo(text string, most int) (int, error) {
	n, err := parseWhole(text)
	if err != nil || n > most {
		return 0, fmt.Errorf("must be a whole number from 0 to %d (got %q)", most, clip(text))
	}
	return n, nil
}

// parseShare reads a part of a whole, like 0.05 or 5%.
func parseShare(text string) (float64, error) {
	number, isPercent := strings.CutSuffix(strings.TrimSpace(text), "%")
	f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if isPercent {
		f /= 100
	}
	if err != nil || !(f >= 0 && f <= 1) {
		return 0, fmt.Errorf("must be a share from 0 to 1, or 0%% to 100%% (got %q)", clip(text))
	}
	return f, nil
}

// parseRegress reads what gets worse, like latency=+30%,errors=5%.
func (k *Knobs) parseRegress(text string) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	for part := range strings.SplitSeq(text, ",") {
		what, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case what == "latency" && k.RegressLatency == 0:
			number, isPercent := strings.CutSuffix(value, "%")
			f, err := strconv.ParseFloat(number, 64)
			if err != nil || !isPercent || !(f > -100 && f <= 10_000) || !strings.ContainsAny(number[:1], "+-") {
				return fmt.Errorf("latency must be a change from -99%% to +10000%%, with its sign, like +30%% (got %q)", clip(value))
			}
			k.RegressLatency = 1 + f/100
		case what == "errors" && k.RegressErrors == 0:
			share, err := parseShare(value)
			if err != nil || share == 0 {
				return fmt.Errorf("errors must be a share above 0, like 5%% (got %q)", clip(value))
			}
			k.RegressErrors = share
		default:
			return fmt.Errorf("must be latency=±N%%, errors=N%%, or both with a comma (got %q)", clip(text))
		}
	}
	return nil
}

// args are the knobs as the target's own command line takes them.
func (raw *TypedKnobs) args() []string {
	var list []string
	v := reflect.ValueOf(raw).Elem()
	for i, s := range knobSettings() {
		list = append(list, "--"+s.Flag+"="+v.Field(i).String())
	}
	return list
}

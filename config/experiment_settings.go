package config

// rawExperiment is what was typed for an experiment: the variables that a worker
// reads and that the master may overrule.
type rawExperiment struct {
	WarmupDuration string `envconfig:"LOAD_WARMUP_DURATION" default:"0" desc:"seconds of baseline before the switch to intervention; 0: no experiment, baseline for the whole run"`

	BaselineUsers     string `envconfig:"LOAD_BASELINE_USERS" default:"10" desc:"concurrent users in the baseline"`
	BaselineSpawnRate string `envconfig:"LOAD_BASELINE_SPAWN_RATE" default:"2" desc:"users per second on the way there, up or down"`
	BaselineWeights   string `envconfig:"LOAD_BASELINE_TASK_WEIGHTS" default:"{}" desc:"JSON object, task → weight (≥ 0, fractions allowed; a task that is not named has 0); empty: the class's own weights"`
	BaselineArrival   string `envconfig:"LOAD_BASELINE_ARRIVAL_RATE" default:"1.0" desc:"intensity of one user: the wait is divided by it"`
	BaselineThinkMean string `envconfig:"LOAD_BASELINE_THINK_TIME_MEAN" default:"5.0" desc:"mean seconds between requests while ON"`
	BaselineThinkCV   string `envconfig:"LOAD_BASELINE_THINK_TIME_CV" default:"0.5" desc:"coefficient of variation of the think time; 0 is constant"`

	InterventionUsers     string `envconfig:"LOAD_INTERVENTION_USERS" default:"10" desc:"concurrent users in the intervention"`
	InterventionSpawnRate string `envconfig:"LOAD_INTERVENTION_SPAWN_RATE" default:"2" desc:"users per second on the way there, up or down"`
	InterventionWeights   string `envconfig:"LOAD_INTERVENTION_TASK_WEIGHTS" default:"{}" desc:"JSON object, task → weight, as for the baseline"`
	InterventionArrival   string `envconfig:"LOAD_INTERVENTION_ARRIVAL_RATE" default:"1.0" desc:"intensity of one user: the wait is divided by it"`
	InterventionThinkMean string `envconfig:"LOAD_INTERVENTION_THINK_TIME_MEAN" default:"5.0" desc:"mean seconds between requests while ON"`
	InterventionThinkCV   string `envconfig:"LOAD_INTERVENTION_THINK_TIME_CV" default:"0.5" desc:"coefficient of variation of the think time; 0 is constant"`

	OnMean      string `envconfig:"LOAD_BURST_ON_DURATION_MEAN" default:"30.0" desc:"mean seconds a user is ON (active) before it goes OFF"`
	OnCV        string `envconfig:"LOAD_BURST_ON_DURATION_CV" default:"0.5" desc:"its coefficient of variation; 0 is constant"`
	OffMean     string `envconfig:"LOAD_BURST_OFF_DURATION_MEAN" default:"60.0" desc:"mean seconds a user is OFF (idle); 0 switches bursts off"`
	OffCV       string `envconfig:"LOAD_BURST_OFF_DURATION_CV" default:"0.5" desc:"its coefficient of variation; 0 is constant"`
	SessionMean string `envconfig:"LOAD_SESSION_LENGTH_MEAN" default:"20.0" desc:"mean number of requests until the user leaves (rounded, at least 1)"`
	SessionCV   string `envconfig:"LOAD_SESSION_LENGTH_CV" default:"0.5" desc:"its coefficient of variation; 0 is constant"`
	GapMean     string `envconfig:"LOAD_SESSION_GAP_MEAN" default:"120.0" desc:"mean seconds a user that left stays away; it comes back as somebody else"`
	GapCV       string `envconfig:"LOAD_SESSION_GAP_CV" default:"0.5" desc:"its coefficient of variation; 0 is constant"`
	BurstStart  string `envconfig:"LOAD_BURST_START" default:"stationary" desc:"stationary: as if every user had lived for a long time; on: all start ON"`

	SettleDuration string `envconfig:"LOAD_SETTLE_DURATION" default:"0" desc:"seconds after a switch that are sent and recorded, but kept out of the comparison"`
	Seed           string `envconfig:"LOAD_SEED" default:"0" desc:"repeats a run's draws; 0: drawn and logged"`
}

// ExperimentSettings are the settings of an experiment, in the order of the
// README's table. They have no flags: a worker's environment sets them, or the
// master, whose flags are those of [MasterSettings].
func ExperimentSettings() []Setting { return describe(rawExperiment{}) }

package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"swell/testkit"
)

func TestEverySettingOfAnExperimentHasAFlagOfTheMaster(t *testing.T) {
	testkit.Unset(t)
	flags := map[string]string{}
	for i, s := range MasterSettings() {
		if _, twice := flags[s.Flag]; twice || s.Flag == "" || s.Env != ExperimentSettings()[i].Env {
			t.Errorf("setting %d: %+v", i, s)
		}
		flags[s.Flag] = s.Default
	}
	e, err := ReadPlan(typed(flags), shop)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range e.Values() {
		if v.Source != FromMaster {
			t.Errorf("not from the master: %+v", v)
		}
	}
}

// What Locust puts into the spawn message for these flags is as written here;
// app/plan_test.go asks Locust itself.
func TestAPlanIsReadAsByAWorkerOfThatMaster(t *testing.T) {
	testkit.Unset(t)
	t.Setenv("LOAD_BASELINE_USERS", "30")
	t.Setenv("LOAD_BASELINE_SPAWN_RATE", "5.0")
	t.Setenv("LOAD_SETTLE_DURATION", "10")
	plan, err := ReadPlan(typed(map[string]string{
		"users": "+70", "spawn-rate": " 5", "load-warmup-duration": "600", "load-seed": " ", "load-burst-start": "ON",
	}), shop)
	if err != nil {
		t.Fatal(err)
	}
	worker, err := ReadExperiment(map[string]any{
		"num_users": int64(70), "spawn_rate": 5.0, "load_warmup_duration": "600", "load_seed": " ", "load_burst_start": "ON", "load_session_gap_cv": nil,
	}, shop)
	if err != nil || !reflect.DeepEqual(plan, worker) {
		t.Errorf("the plan %+v\nthe worker %+v, %v", plan, worker, err)
	}
	if want := "the master overrules LOAD_BASELINE_USERS of this worker's environment"; plan.Overruling() != want {
		t.Errorf("told: %q", plan.Overruling())
	}
	if plan, err = ReadPlan(typed(nil), shop); err != nil || plan.Overruling() != "" {
		t.Errorf("nobody overrules: %q, %v", plan.Overruling(), err)
	}
}

func TestAllBadFlagsOfAMasterAtOnce(t *testing.T) {
	testkit.Unset(t)
	flags := map[string]string{}
	for _, s := range MasterSettings() {
		flags[s.Flag] = "x"
	}
	_, err := ReadPlan(typed(flags), shop)
	if err == nil {
		t.Fatal("no problem")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(flags) || !slices.Contains(lines, `LOAD_SEED (set on the master): must be a whole number from 0 to 18446744073709551615 (got "x")`) {
		t.Errorf("%d flags, told:\n%v", len(flags), err)
	}
}

func TestUsersOrASpawnRateThatAreRefused(t *testing.T) {
	testkit.Unset(t)
	for flag, texts := range map[string][]string{
		"users":      {"", "many", "-1", "1.5", "5.0", "1e3", "0x10", "1_000", "10000001", "NaN"},
		"spawn-rate": {"", "fast", "0", "-1", "0.0009", "0x1p4", "1_0", "1000001", "inf", "NaN"},
	} {
		for _, text := range texts {
			_, err := ReadPlan(typed(map[string]string{flag: text}), shop)
			if err == nil || !strings.HasPrefix(err.Error(), "--"+flag+": must be ") || !strings.HasSuffix(err.Error(), `(got "`+text+`")`) {
				t.Errorf("%s %q: %v", flag, text, err)
			}
		}
	}
}

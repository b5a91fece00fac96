package deploy

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"swell/config"
)

// The overlays, and one with the HPA, which is an option.
var kustomizations = []string{"base", "overlays/payment", "overlays/insurance", "testdata/with-hpa"}

func build(t *testing.T, kustomization string) resmap.ResMap {
	t.Helper()
	dir := filepath.Join("kubernetes", kustomization)
	if strings.HasPrefix(kustomization, "testdata/") {
		dir = kustomization
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatalf("%s: %v", kustomization, err)
	}
	return built
}

// all are the resources of a kind, by name; unknown fields are errors.
func all[T any](t *testing.T, built resmap.ResMap, kind string) map[string]T {
	t.Helper()
	found := map[string]T{}
	for _, r := range built.Resources() {
		if r.GetKind() != kind {
			continue
		}
		text, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		var object T
		if err := yaml.UnmarshalStrict(text, &object); err != nil {
			t.Fatalf("%s: %v", r.GetName(), err)
		}
		found[r.GetName()] = object
	}
	return found
}

func each(t *testing.T, check func(t *testing.T, built resmap.ResMap)) {
	t.Helper()
	for _, k := range kustomizations {
		t.Run(k, func(t *testing.T) { check(t, build(t, k)) })
	}
}

func TestKubernetesAcceptsTheManifests(t *testing.T) {
	each(t, func(t *testing.T, built resmap.ResMap) {
		text, err := built.AsYaml()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "built.yaml")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("../.venv/bin/kubernetes-validate", "--strict", file).CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		if n := strings.Count(string(out), "INFO "); n != built.Size() {
			t.Errorf("%d of %d resources were looked at:\n%s", n, built.Size(), out)
		}
	})
}

func TestEverythingIsInItsNamespace(t *testing.T) {
	each(t, func(t *testing.T, built resmap.ResMap) {
		for _, r := range built.Resources() {
			if r.GetKind() == "Namespace" {
				if r.GetName() != "load-testing" {
					t.Errorf("the namespace is %s", r.GetName())
				}
			} else if r.GetNamespace() != "load-testing" {
				t.Errorf("%s %s is in the namespace %q", r.GetKind(), r.GetName(), r.GetNamespace())
			}
		}
	})
}

// settings are the ConfigMap that master and worker read.
func settings(t *testing.T, built resmap.ResMap) (name string, values map[string]string) {
	t.Helper()
	maps := all[corev1.ConfigMap](t, built, "ConfigMap")
	if len(maps) != 1 {
		t.Fatalf("%d ConfigMaps, want one", len(maps))
	}
	for name, m := range maps {
		return name, m.Data
	}
	panic("unreachable")
}

func TestMasterAndWorkersReadTheSameSettings(t *testing.T) {
	each(t, func(t *testing.T, built resmap.ResMap) {
		name, values := settings(t, built)
		for deployment, d := range all[appsv1.Deployment](t, built, "Deployment") {
			c := d.Spec.Template.Spec.Containers[0]
			if len(c.EnvFrom) == 0 || c.EnvFrom[0].ConfigMapRef == nil || c.EnvFrom[0].ConfigMapRef.Name != name {
				t.Errorf("%s reads %+v, want %s", deployment, c.EnvFrom, name)
			}
		}
		known := experiment()
		for variable := range known {
			if _, there := values[variable]; !there {
				t.Errorf("there is no %s", variable)
			}
		}
		for variable := range values {
			if _, is := known[variable]; !is && strings.HasPrefix(variable, "LOAD_") {
				t.Errorf("%s is no setting", variable)
			}
		}
	})
}

// What is secret is not in the map. Of two sources the last one counts; a pod starts
// without one that is optional.
func TestAPasswordComesFromASecretIfThereIsOne(t *testing.T) {
	each(t, func(t *testing.T, built resmap.ResMap) {
		if _, values := settings(t, built); values["LOAD_DEFAULT_PASSWORD"] != "" {
			t.Error("the ConfigMap has a password")
		}
		deployments := all[appsv1.Deployment](t, built, "Deployment")
		if from := deployments["locust-master"].Spec.Template.Spec.Containers[0].EnvFrom; len(from) != 1 {
			t.Errorf("the master reads %+v", from)
		}
		from := deployments["locust-worker"].Spec.Template.Spec.Containers[0].EnvFrom
		if len(from) != 2 || from[1].SecretRef == nil || from[1].SecretRef.Name != "load-test-secrets" ||
			from[1].SecretRef.Optional == nil || !*from[1].SecretRef.Optional {
			t.Errorf("workers read %+v", from)
		}
	})
}

func TestTheSettingsOfAnOverlayAreValid(t *testing.T) {
	for _, overlay := range []string{"overlays/payment", "overlays/insurance"} {
		t.Run(overlay, func(t *testing.T) {
			_, values := settings(t, build(t, overlay))
			for name, value := range values {
				t.Setenv(name, value)
			}
			if _, err := config.ReadExperiment(nil, nil); err != nil {
				t.Error(err)
			}
			if w, err := config.ReadWorker(nil); err != nil || w.Host == "" {
				t.Errorf("host %q, %v", w.Host, err)
			}
		})
	}
}

func TestDeployments(t *testing.T) {
	each(t, func(t *testing.T, built resmap.ResMap) {
		deployments := all[appsv1.Deployment](t, built, "Deployment")
		if len(deployments) != 2 {
			t.Fatalf("%d deployments, want two", len(deployments))
		}
		for name, command := range map[string]string{"locust-master": "locust --master --enable-rebalancing", "locust-worker": "swell worker"} {
			d := deployments[name]
			if got := strings.Join(d.Spec.Template.Spec.Containers[0].Command, " "); got != command {
				t.Errorf("%s runs %q, want %q", name, got, command)
			}
			if d.Spec.Template.Spec.Containers[0].Image != "dynaclaimz/locust:latest" {
				t.Errorf("%s has the image %s", name, d.Spec.Template.Spec.Containers[0].Image)
			}
			confined(t, name, d.Spec.Template.Spec)
			probed(t, name, d.Spec.Template.Spec.Containers[0])
		}
		if d := deployments["locust-master"]; *d.Spec.Replicas != 1 || d.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType {
			t.Error("two masters could be up at a time")
		}
		if u := deployments["locust-worker"].Spec.Strategy.RollingUpdate; u == nil || u.MaxUnavailable.IntValue() != 0 {
			t.Errorf("a restart takes workers away before others are there: %+v", u)
		}
	})
}

func confined(t *testing.T, name string, pod corev1.PodSpec) {
	t.Helper()
	s := pod.SecurityContext
	if s == nil || !*s.RunAsNonRoot || *s.RunAsUser == 0 || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		t.Errorf("%s: security context %+v", name, s)
	}
	if *pod.AutomountServiceAccountToken || *pod.EnableServiceLinks || pod.HostNetwork {
		t.Errorf("%s gets more of the cluster than it needs", name)
	}
	for _, c := range pod.Containers {
		s := c.SecurityContext
		if s == nil || *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) {
			t.Errorf("%s: container's security context %+v", name, s)
		}
		if c.Resources.Requests.Cpu().IsZero() || c.Resources.Requests.Memory().IsZero() || c.Resources.Limits.Memory().IsZero() {
			t.Errorf("%s: resources %+v", name, c.Resources)
		}
		for _, p := range c.Ports {
			if p.HostPort != 0 {
				t.Errorf("%s has the port %d of its node", name, p.HostPort)
			}
		}
	}
}

func probed(t *testing.T, name string, c corev1.Container) {
	t.Helper()
	listens, paths := ":8089", map[string]string{"startup": "/", "readiness": "/", "liveness": "/"} // the web UI's
	if name == "locust-worker" {
		listens, paths = valueOf(c, "SWELL_HEALTH_LISTEN"), map[string]string{"readiness": "/readyz", "liveness": "/healthz"}
	}
	probes := map[string]*corev1.Probe{"startup": c.StartupProbe, "readiness": c.ReadinessProbe, "liveness": c.LivenessProbe}
	for what, path := range paths {
		probe := probes[what]
		if probe == nil || probe.HTTPGet == nil {
			t.Errorf("%s has no %s probe", name, what)
			continue
		}
		if probe.HTTPGet.Path != path {
			t.Errorf("%s: the %s probe asks for %q, want %q", name, what, probe.HTTPGet.Path, path)
		}
		named := func(p corev1.ContainerPort) bool { return p.Name == probe.HTTPGet.Port.StrVal }
		i := slices.IndexFunc(c.Ports, named)
		if i < 0 {
			t.Errorf("%s: the %s probe asks the port %q, which there is not", name, what, probe.HTTPGet.Port.StrVal)
			continue
		}
		if port := fmt.Sprintf(":%d", c.Ports[i].ContainerPort); port != listens {
			t.Errorf("%s: the %s probe asks %s, and %s is what listens", name, what, port, listens)
		}
	}
}

func valueOf(c corev1.Container, name string) string {
	for _, v := range c.Env {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

func TestWorkersFindTheirMaster(t *testing.T) {
	each(t, func(t *testing.T, built resmap.ResMap) {
		deployments := all[appsv1.Deployment](t, built, "Deployment")
		host := valueOf(deployments["locust-worker"].Spec.Template.Spec.Containers[0], "LOCUST_MASTER_NODE_HOST")
		service, is := all[corev1.Service](t, built, "Service")[host]
		if !is {
			t.Fatalf("workers look for their master at %q, which is no service", host)
		}
		selector := metav1.LabelSelector{MatchLabels: service.Spec.Selector}
		if !selects(t, selector, deployments["locust-master"]) || selects(t, selector, deployments["locust-worker"]) {
			t.Errorf("the service %s is %v", host, service.Spec.Selector)
		}
	})
}

// Kubernetes kills what has not ended by then: a worker needs its stop timeout and
// five seconds, and up to ten for OnTestStop.
func TestTheTerminationGracePeriodCoversTheStopTimeout(t *testing.T) {
	each(t, func(t *testing.T, built resmap.ResMap) {
		_, values := settings(t, built)
		atStop, err := strconv.ParseInt(values["LOCUST_STOP_TIMEOUT"], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		for name, d := range all[appsv1.Deployment](t, built, "Deployment") {
			if grace := *d.Spec.Template.Spec.TerminationGracePeriodSeconds; grace < atStop+15 {
				t.Errorf("%s: stop timeout %d s, grace period %d s", name, atStop, grace)
			}
		}
	})
}

func TestTheServiceIsForTheClusterOnly(t *testing.T) {
	each(t, func(t *testing.T, built resmap.ResMap) {
		services := all[corev1.Service](t, built, "Service")
		s := services["locust-master"]
		var ports []string
		for _, p := range s.Spec.Ports {
			ports = append(ports, fmt.Sprintf("%d %s", p.Port, p.TargetPort.StrVal))
		}
		if len(services) != 1 || s.Spec.Type != corev1.ServiceTypeClusterIP || !slices.Equal(ports, []string{"8089 web", "5557 workers"}) {
			t.Errorf("services %v: type %s, ports %v", services, s.Spec.Type, ports)
		}
		for _, r := range built.Resources() {
			if r.GetKind() == "Ingress" {
				t.Error("there is an Ingress")
			}
		}
	})
}

func TestOnlyWorkersReachTheMastersPort(t *testing.T) {
	each(t, func(t *testing.T, built resmap.ResMap) {
		policies := all[networkingv1.NetworkPolicy](t, built, "NetworkPolicy")
		deployments := all[appsv1.Deployment](t, built, "Deployment")
		deny := policies["default-deny-ingress"].Spec
		if len(deny.Ingress) != 0 || len(deny.PodSelector.MatchLabels) != 0 || !slices.Equal(deny.PolicyTypes, []networkingv1.PolicyType{"Ingress"}) {
			t.Errorf("default-deny-ingress lets in: %+v", deny)
		}
		master := policies["locust-master"].Spec
		if len(policies) != 2 || !selects(t, master.PodSelector, deployments["locust-master"]) {
			t.Errorf("policies %v: the master's is for %+v", policies, master.PodSelector)
		}
		reach := map[int][]metav1.LabelSelector{}
		for _, rule := range master.Ingress {
			if len(rule.Ports) == 0 || len(rule.From) == 0 {
				t.Fatalf("a rule without ports or sources lets all in: %+v", rule)
			}
			for _, port := range rule.Ports {
				for _, from := range rule.From {
					if from.NamespaceSelector != nil || from.IPBlock != nil || from.PodSelector == nil {
						t.Fatalf("a source outside the namespace: %+v", from)
					}
					reach[port.Port.IntValue()] = append(reach[port.Port.IntValue()], *from.PodSelector)
				}
			}
		}
		if len(reach) != 2 || len(reach[5557]) != 1 || !selects(t, reach[5557][0], deployments["locust-worker"]) || selects(t, reach[5557][0], deployments["locust-master"]) {
			t.Errorf("5557 is for %+v", reach[5557])
		}
		if len(reach[8089]) != 1 || selects(t, reach[8089][0], deployments["locust-worker"]) {
			t.Errorf("8089 is for %+v", reach[8089])
		}
	})
}

func selects(t *testing.T, s metav1.LabelSelector, d appsv1.Deployment) bool {
	t.Helper()
	selector, err := metav1.LabelSelectorAsSelector(&s)
	if err != nil {
		t.Fatal(err)
	}
	return selector.Matches(labels.Set(d.Spec.Template.Labels))
}

func TestADrainedNodeDoesNotEndATest(t *testing.T) {
	each(t, func(t *testing.T, built resmap.ResMap) {
		budgets := all[policyv1.PodDisruptionBudget](t, built, "PodDisruptionBudget")
		for name, most := range map[string]int{"locust-master": 0, "locust-worker": 1} {
			b := budgets[name].Spec
			if b.MaxUnavailable == nil || b.MaxUnavailable.IntValue() != most ||
				!selects(t, *b.Selector, all[appsv1.Deployment](t, built, "Deployment")[name]) {
				t.Errorf("%s: %+v", name, b)
			}
		}
	})
}

func TestTheHPATakesTheNumberOfWorkersOver(t *testing.T) {
	built := build(t, "testdata/with-hpa")
	h := all[autoscalingv2.HorizontalPodAutoscaler](t, built, "HorizontalPodAutoscaler")["locust-worker"].Spec
	if h.ScaleTargetRef.Kind != "Deployment" || h.ScaleTargetRef.Name != "locust-worker" || *h.MinReplicas < 1 || h.MaxReplicas <= *h.MinReplicas {
		t.Errorf("it scales %+v", h)
	}
	if replicas := all[appsv1.Deployment](t, built, "Deployment")["locust-worker"].Spec.Replicas; replicas != nil {
		t.Errorf("the deployment says %d replicas, too", *replicas)
	}
	for _, k := range []string{"base", "overlays/payment", "overlays/insurance"} {
		if len(all[autoscalingv2.HorizontalPodAutoscaler](t, build(t, k), "HorizontalPodAutoscaler")) != 0 {
			t.Errorf("%s has an HPA", k)
		}
	}
}

// The fields of the operator's LocustTest, as its custom resource definition has
// them in version v1.
func TestTheOperatorsExample(t *testing.T) {
	text, err := os.ReadFile("kubernetes/operator/locusttest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var lt struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              struct {
			Image           string            `json:"image"`
			ImagePullPolicy corev1.PullPolicy `json:"imagePullPolicy"`
			Workers         int               `json:"workers"`
			Env             []corev1.EnvVar   `json:"env"`
			Worker          struct {
				Resources corev1.ResourceRequirements `json:"resources"`
			} `json:"worker"`
			Locustfile struct {
				Content string `json:"content"`
			} `json:"locustfile"`
		} `json:"spec"`
	}
	var namespace corev1.Namespace
	first, second, _ := strings.Cut(string(text), "\n---\n")
	for document, into := range map[string]any{first: &namespace, second: &lt} {
		if err := yaml.UnmarshalStrict([]byte(document), into); err != nil {
			t.Fatal(err)
		}
	}
	if lt.APIVersion != "locust.io/v1" || lt.Kind != "LocustTest" || lt.Spec.Workers < 1 || lt.Spec.Image != "dynaclaimz/locust:latest" {
		t.Errorf("got %+v", lt)
	}
	// The operator's pods have no security context: "restricted" refuses them.
	if level := namespace.Labels["pod-security.kubernetes.io/enforce"]; level != "baseline" || lt.Namespace != namespace.Name || lt.Namespace == "load-testing" {
		t.Errorf("it is in %q, and %q is for pods that are %q", lt.Namespace, namespace.Name, level)
	}
	// They have the grace period that Kubernetes gives who names none.
	isTimeout := func(v corev1.EnvVar) bool { return v.Name == "LOCUST_STOP_TIMEOUT" }
	i := slices.IndexFunc(lt.Spec.Env, isTimeout)
	if i < 0 {
		t.Fatal("it has no stop timeout")
	}
	if atStop, err := strconv.Atoi(lt.Spec.Env[i].Value); err != nil || atStop+15 > corev1.DefaultTerminationGracePeriodSeconds {
		t.Errorf("stop timeout %q (%v), grace period %d s", lt.Spec.Env[i].Value, err, corev1.DefaultTerminationGracePeriodSeconds)
	}
}

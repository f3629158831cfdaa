"""What deploy/check checks beyond the tools of others. files.py WHAT [FILE]; prints what is wrong, and exits with 1.

documents        every YAML, JSON and TOML file parses
railway          what railway.toml names is there, and its numbers are numbers
settings         every setting that a file names exists in the program
metrics          every metric in alerts and dashboard is one that the program writes; every alert is in the runbook
expressions      the dashboard's queries, as a rule file for promtool
objects FILE     Kubernetes objects, as kustomize writes them: what they name in each other is there
"""
import json
import pathlib
import re
import sys

import yaml

try:
    import tomllib
except ModuleNotFoundError:  # before Python 3.11
    import tomli as tomllib

deploy = pathlib.Path(__file__).resolve().parent.parent
top = deploy.parent
problems = []


def files(*suffixes):
    return sorted(path for path in deploy.rglob("*") if path.suffix in suffixes)


def documents():
    for path in files(".yaml", ".yml", ".json", ".toml"):
        try:
            text = path.read_text()
            if path.suffix == ".json":
                json.loads(text)
            elif path.suffix == ".toml":
                tomllib.loads(text)
            else:
                list(yaml.safe_load_all(text))
        except ValueError as error:
            problems.append(f"{path.relative_to(top)}: {error}")
        except yaml.YAMLError as error:
            problems.append(f"{path.relative_to(top)}: {error}")


def railway():
    settings = tomllib.loads((deploy / "railway/railway.toml").read_text())
    if not (top / settings["build"]["dockerfilePath"]).is_file():
        problems.append("railway.toml: dockerfilePath: there is no such file")
    for pattern in settings["build"]["watchPatterns"]:
        if not any(top.glob(pattern)):
            problems.append(f"railway.toml: watchPatterns: nothing matches {pattern}")
    # Railway refuses a deployment where one of these is not a number.
    for name in ("healthcheckTimeout", "overlapSeconds", "drainingSeconds"):
        if not isinstance(settings["deploy"][name], int):
            problems.append(f"railway.toml: {name} must be a number")
    for region, values in settings["deploy"]["multiRegionConfig"].items():
        if not isinstance(values["numReplicas"], int):
            problems.append(f"railway.toml: {region}: numReplicas must be a number")


def code(folder="Sources"):
    return "\n".join(path.read_text() for path in (top / folder).rglob("*.swift") if path.name != "MetricCatalogue.swift")


def settings():
    known = set(re.findall(r'"(TENURE_[A-Z_]+)"', code("Sources/tenure")))
    # Not the scripts at the top, which also set what tests read.
    for path in [deploy / "RUNBOOK.md", *sorted(deploy.rglob("*/*"))]:
        if not path.is_file() or path.parent.name == "checks":
            continue
        for name in sorted(set(re.findall(r"\bTENURE_[A-Z_]+\b", path.read_text()))):
            if name not in known and name.removesuffix("_FILE") not in known:
                problems.append(f"{path.relative_to(top)}: there is no setting {name}")


def expressions_of_dashboard():
    for panel in json.loads((deploy / "monitoring/dashboard.json").read_text())["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$__rate_interval", "1m")


def alerts():
    groups = yaml.safe_load((deploy / "monitoring/alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def metrics():
    # Not those that only have a help text (MetricCatalogue).
    known = set(re.findall(r'"(tenure_\w+)"', code()))
    uses = [(rule["alert"], rule["expr"]) for rule in alerts()] + list(expressions_of_dashboard())
    for where, expression in uses:
        for name in sorted(set(re.findall(r"\btenure_\w+", expression))):
            if name not in known and re.sub(r"_(bucket|sum|count)$", "", name) not in known:
                problems.append(f"{where}: the program writes no metric {name}")
    described = set(re.findall(r"^### (\w+)", (deploy / "RUNBOOK.md").read_text(), re.M))
    named = {rule["alert"] for rule in alerts()}
    problems.extend(f"{name}: not described in RUNBOOK.md" for name in sorted(named - described))
    problems.extend(f"RUNBOOK.md: there is no alert {name}" for name in sorted(described - named) if "Tenure" in name)


def expressions():
    rules = [{"record": f"panel:{index}", "expr": expression} for index, (_, expression) in enumerate(expressions_of_dashboard())]
    print(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))


def objects(path):
    found = [item for item in yaml.safe_load_all(pathlib.Path(path).read_text()) if item]
    names = {(item["kind"], item["metadata"]["name"]) for item in found}

    def of(kind):
        return [item for item in found if item["kind"] == kind]

    for item in found:
        if item["kind"] != "Namespace" and item["metadata"].get("namespace") != "tenure":
            problems.append(f"{item['kind']} {item['metadata']['name']}: not in the namespace tenure")
    pods = [item["spec"]["template"] for item in of("Deployment")]
    ports = {port["name"] for pod in pods for container in pod["spec"]["containers"] for port in container["ports"]}

    def check_selector(where, selector):
        if not any(selector.items() <= pod["metadata"]["labels"].items() for pod in pods):
            problems.append(f"{where}: selects no pod")

    def check_port(where, port):
        if isinstance(port, str) and port not in ports:
            problems.append(f"{where}: no container has a port {port}")

    for item in of("Deployment"):
        check_selector("Deployment", item["spec"]["selector"]["matchLabels"])
        for container in item["spec"]["template"]["spec"]["containers"]:
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                check_port(probe, container[probe]["httpGet"]["port"])
    for item in of("Service"):
        check_selector("Service", item["spec"]["selector"])
        for port in item["spec"]["ports"]:
            check_port("Service", port["targetPort"])
    for item in of("PodDisruptionBudget") + of("NetworkPolicy"):
        where = f"{item['kind']} {item['metadata']['name']}"
        check_selector(where, item["spec"].get("selector", item["spec"].get("podSelector"))["matchLabels"])
        for rule in item["spec"].get("ingress", []):
            for port in rule["ports"]:
                check_port(where, port["port"])
    for item in of("HorizontalPodAutoscaler"):
        target = item["spec"]["scaleTargetRef"]
        if (target["kind"], target["name"]) not in names:
            problems.append(f"HorizontalPodAutoscaler: there is no {target['kind']} {target['name']}")
    services = {item["metadata"]["name"]: item for item in of("Service")}
    for item in of("Ingress"):
        for rule in item["spec"]["rules"]:
            for backend in (path["backend"]["service"] for path in rule["http"]["paths"]):
                offered = services.get(backend["name"], {"spec": {"ports": []}})["spec"]["ports"]
                if backend["port"]["name"] not in {port["name"] for port in offered}:
                    problems.append(f"Ingress: no service {backend['name']} has a port {backend['port']['name']}")
    for item in of("ServiceMonitor"):
        selector = item["spec"]["selector"]["matchLabels"]
        if not any(selector.items() <= service["metadata"]["labels"].items() for service in services.values()):
            problems.append("ServiceMonitor: selects no service")


globals()[sys.argv[1]](*sys.argv[2:])
print("\n".join(problems), end="\n" if problems else "", file=sys.stderr)
sys.exit(1 if problems else 0)

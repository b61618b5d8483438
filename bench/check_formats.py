#!/usr/bin/env python3
"""A developer's check: other tools read what `katune table export` writes.

    python3 -m venv /tmp/formats
    /tmp/formats/bin/pip install kernel_tuner jsonschema
    /tmp/formats/bin/pip install --no-deps autotuning_methodology
    /tmp/formats/bin/python bench/check_formats.py build/release/bench/katune results/*/table.json

Kernel Tuner reads its cache and searches it in simulation mode; the T4 results are validated by the schemas that
Kernel Tuner and its methodology package bring; Google Benchmark's compare.py, where it is installed (Debian:
libbenchmark-tools; or --compare PATH), compares our file with itself; Python's csv module reads the CSV. Each has to
find the same best configuration. What is not installed is said, and not checked.
"""
import argparse
import contextlib
import csv
import importlib.resources
import io
import json
import os
import subprocess
import sys
import tempfile


def export(katune, table, form, folder):
    path = os.path.join(folder, form + (".csv" if form == "csv" else ".json"))
    subprocess.run([katune, "table", "export", table, "--format", form, "-o", path], check=True)
    return path


def check_kernel_tuner(path, best_ms):
    import kernel_tuner
    from kernel_tuner.util import read_cache

    data = read_cache(path, open_cache=False)
    rows = data["cache"]
    assert all(key == ",".join(str(row[name]) for name in data["tune_params_keys"]) for key, row in rows.items())
    assert abs(min(row["time"] for row in rows.values()) - best_ms) <= 1e-6 * best_ms

    def measured(config):
        return ",".join(str(config[name]) for name in names) in rows

    # The whole product is too large for Kernel Tuner to visit: one variant's part of it.
    names = data["tune_params_keys"]
    variants = [row["variant"] for row in rows.values()]
    variant = max(variants, key=variants.count)
    part = [row for row in rows.values() if row["variant"] == variant]
    params = {name: list(dict.fromkeys(row[name] for row in part)) for name in names}
    with contextlib.redirect_stdout(io.StringIO()):
        results, _ = kernel_tuner.tune_kernel(
            data["kernel_name"], "", data["problem_size"], [], params, simulation_mode=True, cache=path, lang="C",
            strategy="brute_force", verbose=False, restrictions=[measured])
    assert len(results) == len(part), f"it searched {len(results)} of {len(part)}"
    assert min(r["time"] for r in results) == min(row["time"] for row in part)
    return f"{len(rows)} configurations read, {len(part)} of {variant} searched in simulation mode"


def check_t4(path, best_ms):
    import jsonschema

    data = json.load(open(path))
    used = []
    for package, *place in (("kernel_tuner", "schema", "T4", "1.0.0", "results-schema.json"),
                            ("autotuning_methodology", "schemas", "T4.json")):
        try:
            schema = importlib.resources.files(package).joinpath(*place)
        except ModuleNotFoundError:
            print(f"  {package} is not installed: its schema is not checked")
            continue
        jsonschema.validate(instance=data, schema=json.loads(schema.read_text()))
        used.append(package)
    found = min(m["value"] for r in data["results"] for m in r["measurements"])
    assert abs(found - best_ms) <= 1e-6 * best_ms
    return f"{len(data['results'])} results, valid by the schemas of {', '.join(used)}"


def check_gbench(path, best_ms, compare):
    data = json.load(open(path))
    assert abs(min(b["real_time"] for b in data["benchmarks"]) - 1e3 * best_ms) <= 1e-3 * best_ms
    if not os.path.exists(compare):
        return f"{len(data['benchmarks'])} benchmarks; {compare} is not installed: not compared"
    run = subprocess.run([sys.executable, compare, "--no-color", "benchmarks", path, path], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    lines = [line for line in run.stdout.splitlines() if "+0.0000" in line and not line.startswith("OVERALL")]
    assert len(lines) == len(data["benchmarks"]), run.stdout
    return f"{len(lines)} benchmarks, compared by {os.path.basename(compare)}"


def check_csv(path, best_ms):
    rows = list(csv.DictReader(open(path, newline="")))
    assert abs(min(float(r["time_ms"]) for r in rows) - best_ms) <= 1e-6 * best_ms
    return f"{len(rows)} rows"


def fastest_ms(table):
    """The fastest of all that the table has a time for: a runner-up within 1% of the winner may be faster."""
    entries = json.load(open(table))["entries"]
    others = (c["time_us"] for e in entries for c in e.get("why", {}).values() if isinstance(c, dict) and "time_us" in c)
    return 1e-3 * min([e["time_us"]["median"] for e in entries] + list(others))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("katune")
    parser.add_argument("tables", nargs="+", metavar="TABLE")
    parser.add_argument("--compare", default="/usr/share/benchmark/compare.py")
    args = parser.parse_args()
    failed = 0
    for table in args.tables:
        print(table)
        best_ms = fastest_ms(table)
        with tempfile.TemporaryDirectory() as folder:
            for form, check in (("kernel-tuner", check_kernel_tuner), ("t4", check_t4), ("csv", check_csv),
                                ("gbench", lambda p, b: check_gbench(p, b, args.compare))):
                try:
                    print(f"  {form}: {check(export(args.katune, table, form, folder), best_ms)}")
                except ModuleNotFoundError as missing:
                    print(f"  {form}: not checked: {missing}")
                except Exception as error:
                    failed += 1
                    print(f"  {form}: FAILED: {type(error).__name__}: {error}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())

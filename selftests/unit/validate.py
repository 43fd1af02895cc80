#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""validate.py SCHEMA TEXTS: hold each YAML text of the JSON list TEXTS against a JSON Schema.

Prints one line for each: "ok", or where it is wrong and how. For test_schema.
"""
import json
import re
import sys

import jsonschema
import yaml



class Loader(yaml.SafeLoader):
    """on and off are words, as in YAML 1.2 and for PdP."""


BOOL = "tag:yaml.org,2002:bool"
Loader.yaml_implicit_resolvers = {
    first: [known for known in all_known if known[0] != BOOL]
    for first, all_known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver(BOOL, re.compile("^(true|false)$"), list("tf"))

with open(sys.argv[1]) as file:
    schema = json.load(file)
with open(sys.argv[2]) as file:
    texts = json.load(file)

jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
for text in texts:
    wrong = jsonschema.exceptions.best_match(validator.iter_errors(yaml.load(text, Loader)))
    print("ok" if wrong is None else f"{wrong.json_path}: {wrong.message}".replace("\n", " "))

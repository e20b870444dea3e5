#!/usr/bin/python3
"""The configuration's schema, held by a validator of its own against what the loader takes and refuses."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import jsonschema  # noqa: E402

from places import SOURCE_DIR, program  # noqa: E402


class ConfigSchemaTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.schema = json.loads(cls.run_program("generate", "schema"))

    @staticmethod
    def run_program(*arguments):
        return subprocess.run([program("image-builder"), *arguments], check=True, capture_output=True, text=True).stdout

    @staticmethod
    def check(configuration):
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            json.dump(configuration, file)
            file.flush()
            return subprocess.run([program("image-builder"), "check-config", file.name], capture_output=True, text=True)

    def test_check_config_names_all_faults_at_once_with_their_paths(self):
        checked = self.check({"queue": {"length": -1}, "log": {"level": "loud"}, "refCache": {"refs": ["a", "B:"]}, "extra": 1})
        self.assertEqual(2, checked.returncode)
        for path in ("queue.length", "log.level", "refCache.refs[1]", "extra"):
            self.assertRegex(checked.stderr, r"(?m)^\S+: " + path.replace("[", r"\[").replace("]", r"\]") + ": ")

    def validator(self):
        return jsonschema.Draft202012Validator(self.schema)

    def test_the_schema_is_one_and_takes_what_the_loader_takes(self):
        jsonschema.Draft202012Validator.check_schema(self.schema)
        self.validator().validate(json.loads(self.run_program("generate", "config")))
        for name in ("example.json", "deployed-wsman.json"):
            with open(os.path.join(SOURCE_DIR, "config", name), encoding="utf-8") as file:
                self.validator().validate(json.load(file))
        for good in ({}, {"$schema": "x"}, {"registries": {"r.example": None}}, {"local": {"layerCacheSize": 5}},
                     {"refCache": {"interval": "", "refs": []}}, {"metrics": {"address": "off"}}):
            self.validator().validate(good)
            self.assertEqual(0, self.check(good).returncode, good)

    def test_the_schema_refuses_what_the_loader_refuses(self):
        for bad in ([], {"unknown": 1}, {"log": {"level": "loud"}}, {"queue": {"length": "many"}}, {"queue": {"length": -1}},
                    {"queue": {"length": 1.5}}, {"local": {"concurrentBuilds": 1025}}, {"refCache": {"refs": "a"}},
                    {"refCache": {"refs": [1]}}, {"registries": {"r.example": {"plainHttp": "yes"}}},
                    {"server": {"services": {"http": {}}}}, {"server": {"services": {"grpc": {"tls": {"caPath": "/a"}}}}}):
            self.assertFalse(self.validator().is_valid(bad), bad)
            self.assertEqual(2, self.check(bad).returncode, bad)


if __name__ == "__main__":
    unittest.main(verbosity=2)

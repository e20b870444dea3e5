"""Each rule of house_rules.py is broken once, in a folder made for it, and has to be named."""

import pathlib
import tempfile
import unittest

import house_rules

TOP_FOLDERS = ["proto", "config", "actors", "gateway", "tests", "tools"]


class HouseRules(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for top in TOP_FOLDERS:
            self.write(f"{top}/README.md", top)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def assert_named(self, path, text, line, words):
        self.write(path, text)
        found = list(house_rules.breaches(self.root))
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{path}:{line}: "), found[0])
        self.assertIn(words, found[0])

    def assert_kept(self, path, text):
        self.write(path, text)
        self.assertEqual(list(house_rules.breaches(self.root)), [])

    def test_an_empty_house_keeps_the_rules(self):
        self.assertEqual(list(house_rules.breaches(self.root)), [])

    def test_the_domain_includes_no_threads(self):
        self.assert_named("actors/domain/a.cpp", "#include <mutex>\n", 1, "mutex")

    def test_the_domain_includes_no_json(self):
        self.assert_named("actors/domain/a.hpp", "\n#include <nlohmann/json.hpp>\n", 2, "nlohmann")

    def test_the_domain_does_not_include_the_edges(self):
        self.assert_named("actors/domain/a.cpp", '#include "actors/io/log.hpp"\n', 1, "may include")

    def test_the_edges_do_not_include_the_configuration(self):
        self.assert_named("actors/io/a.cpp", '#include "config/settings.hpp"\n', 1, "may include")

    def test_the_edges_do_not_include_actors(self):
        self.assert_named("actors/io/a.cpp", "#include <caf/send.hpp>\n", 1, "caf/send.hpp")

    def test_actors_do_not_include_the_gateway(self):
        self.assert_named("actors/a.cpp", '#include "gateway/wire.hpp"\n', 1, "may include")

    def test_the_http_server_knows_no_actors(self):
        self.assert_named("gateway/http/a.cpp", '#include "actors/names.hpp"\n', 1, "may include")
        self.assert_named("gateway/http/a.cpp", "#include <caf/send.hpp>\n", 1, "caf/send.hpp")

    def test_actors_do_not_include_proto_types(self):
        self.assert_named("actors/a.cpp", '#include "image-builder-api/imgbuilder.pb.h"\n', 1, "proto types")

    def test_the_gateway_does_not_include_proto_types_of_ws_manager(self):
        self.assert_named("gateway/a.cpp", '#include "ws-manager-api/core.pb.h"\n', 1, "proto types")

    def test_the_other_engines_do_not_include_proto_types_of_ws_manager(self):
        self.assert_named("actors/engine/local.cpp", '#include "ws-manager-api/core.grpc.pb.h"\n', 1, "proto types")

    def test_the_engine_of_ws_manager_does_not_include_our_own_proto_types(self):
        self.assert_named("actors/engine/wsman_a.cpp", '#include "image-builder-api/imgbuilder.pb.h"\n', 1,
                          "proto types")

    def test_paths_start_at_the_top(self):
        self.assert_named("gateway/a.cpp", '#include "wire.hpp"\n', 1, "top folder")

    def test_the_arrows_that_exist_are_kept(self):
        self.assert_kept("actors/a.cpp", '#include "actors/io/log.hpp"\n#include "config/settings.hpp"\n')
        self.assert_kept("actors/engine/wsman_a.cpp", '#include "ws-manager-api/core.pb.h"\n'
                         '#include "content-service-api/initializer.pb.h"\n')
        self.assert_kept("gateway/a.cpp", '#include "image-builder-api/imgbuilder.pb.h"\n#include "actors/a.hpp"\n')

    def test_sleeping_is_named(self):
        self.assert_named("tests/a.cpp", "std::this_thread::sleep_for(1s);\n", 1, "wait for the event")

    def test_waiting_for_ever_is_named(self):
        self.assert_named("actors/a.cpp", "self->request(a, caf::infinite, 1);\n", 1, "finite")

    def test_a_loop_that_the_compiler_gets_wrong_is_named(self):
        self.assert_named("actors/a.cpp", "  for (auto at = begin(); auto* one = at.next(); last = one)\n", 1, "GCC 12")
        self.assert_kept("actors/a.cpp", "  for (auto at = begin(); auto* one = at.next();)\n"
                         "  for (auto left = load(); left != 0; left = load())\n"
                         "  for (std::string_view rest = x; !rest.empty(); rest.remove_prefix(1))\n")

    def test_a_folder_without_readme_is_named(self):
        (self.root / "proto/README.md").unlink()
        self.assertEqual(len(list(house_rules.breaches(self.root))), 1)

    def test_a_long_file_is_named_unless_it_says_why(self):
        self.assert_kept("config/b.cpp", "// Long on purpose: a table.\n" + "\n" * 500)
        self.assert_named("config/a.cpp", "\n" * 401, 401, "over 400 lines")


if __name__ == "__main__":
    unittest.main()

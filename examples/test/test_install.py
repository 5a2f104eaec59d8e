"""Installers put the right thing in the right place, and leave everything alone when something is wrong."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import subprocess
import tarfile
import unittest
from pathlib import Path

from harness import CheckoutTest

ARCH = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
TARGET = f"{platform.system().lower()}_{ARCH}"
ARCHIVE = f"gait_1.2.3_{TARGET}.tar.gz"


class InstallTest(CheckoutTest):
    def setUp(self) -> None:
        super().setUp()
        self.release = self.root / "release"
        self.release.mkdir()
        self.bin = self.root / "bin dir"
        self.publish({"gait": "#!/bin/sh\necho new\n"})

    def publish(self, members: dict[str, str], name: str = ARCHIVE) -> None:
        """Makes the release: an archive with these members, and the list of digests."""
        with tarfile.open(self.release / name, "w:gz") as archive:
            for member, text in members.items():
                entry = tarfile.TarInfo(member)
                entry.size = len(text.encode())
                archive.addfile(entry, io.BytesIO(text.encode()))
        digest = hashlib.sha256((self.release / name).read_bytes()).hexdigest()
        (self.release / "checksums.txt").write_text(f"{digest}  {name}\n")

    def install(self, *arguments: str, expected: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
        done = self.run_command(
            "sh",
            self.root / "scripts/install.sh",
            *("--version", "v1.2.3", "--install-dir", str(self.bin)),
            *arguments,
            **({"GAIT_RELEASE_BASE_URL": self.release.as_uri().replace("%20", " ").replace(" ", "%20")} | variables),
        )
        self.assert_exit(done, expected)
        return done

    def installed(self) -> str:
        return subprocess.run([self.bin / "gait"], capture_output=True, text=True, check=True).stdout.strip()

    def cosign(self, exit_code: int) -> str:
        """A PATH with a cosign that says yes or no, and notes what it was asked."""
        directory = self.root / "cosign"
        directory.mkdir(exist_ok=True)
        program = directory / "cosign"
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >"{directory}/asked"\nexit {exit_code}\n')
        program.chmod(0o755)
        return f"{directory}:{os.environ['PATH']}"

    def test_it_installs(self) -> None:
        done = self.install()
        self.assertEqual(self.installed(), "new")
        self.assertEqual((self.bin / "gait").stat().st_mode & 0o777, 0o755)
        for text in ("Add ", "gait doctor --json", "gait verify run_demo --json"):
            self.assertIn(text, done.stdout)
        self.assertEqual(os.listdir(self.bin), ["gait"])

    def test_the_latest_release_and_a_tag_without_v_are_found(self) -> None:
        for version in ("latest", "1.2.3"):
            self.install("--version", version)
            self.assertEqual(self.installed(), "new")
        self.install("--version", "1.2", expected=2)

    def test_a_running_program_is_replaced_whole(self) -> None:
        self.bin.mkdir()
        old = self.bin / "gait"
        old.write_text("#!/bin/sh\necho old; read line; echo still old\n")
        old.chmod(0o755)
        with subprocess.Popen([old], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
            self.assertEqual(running.stdout.readline(), "old\n")
            self.install()
            self.assertEqual(running.communicate("\n")[0], "still old\n")
        self.assertEqual(self.installed(), "new")

    def test_nothing_is_installed_when_something_is_wrong(self) -> None:
        self.install()
        good = (self.release / "checksums.txt").read_text()
        for text in (good.replace(good[0], "f" if good[0] != "f" else "0", 1), "", good.replace(TARGET, "plan9_mips")):
            (self.release / "checksums.txt").write_text(text)
            self.install(expected=2)
        (self.release / "checksums.txt").write_text(good)
        self.install("--sha256", "0" * 64, expected=2)
        self.install("--sha256", good.split()[0].upper())
        for members in ({"bin/gait": "x"}, {"other": "x"}):
            self.publish(members)
            self.install(expected=2)
        self.assertEqual(self.installed(), "new")
        self.assertEqual(os.listdir(self.bin), ["gait"])

    def test_a_link_in_the_archive_is_not_followed(self) -> None:
        with tarfile.open(self.release / ARCHIVE, "w:gz") as archive:
            entry = tarfile.TarInfo("gait")
            entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(entry)
        digest = hashlib.sha256((self.release / ARCHIVE).read_bytes()).hexdigest()
        (self.release / "checksums.txt").write_text(f"{digest}  {ARCHIVE}\n")
        self.install(expected=2)

    def test_signatures_count(self) -> None:
        self.install("--signature", "required", expected=2)
        self.install("--signature", "required", expected=2, PATH=self.cosign(0))
        for name in ("checksums.txt.sig", "checksums.txt.pem"):
            (self.release / name).write_text("x")
        self.assertIn("is good", self.install("--signature", "required", PATH=self.cosign(0)).stdout)
        asked = (self.root / "cosign/asked").read_text()
        self.assertIn("^https://github\\.com/Clyra-AI/gait/\\.github/workflows/", asked)
        self.assertIn("https://token.actions.githubusercontent.com", asked)
        self.install(expected=2, PATH=self.cosign(1))
        self.install("--signature", "off", PATH=self.cosign(1))

    def test_wrong_arguments_are_told(self) -> None:
        for arguments in (["--other"], ["--version"], ["--version", "../x"], ["--repo", "x"], ["--signature", "maybe"]):
            self.install(*arguments, expected=2)
        self.install(expected=2, GAIT_RELEASE_BASE_URL="http://127.0.0.1:1")


class FormulaTest(CheckoutTest):
    def render(self, targets: list[str], *arguments: str, expected: int = 0, digest: str = "7" * 64) -> str:
        lines = [f"{digest}  gait_1.2.3_{target}.tar.gz" for target in targets]
        (self.root / "checksums.txt").write_text("\n".join(lines) + "\n")
        command = ["--version", "v1.2.3", "--checksums", "checksums.txt", "--out", "out/gait-cli.rb", *arguments]
        done = self.run_command(self.root / "scripts/render_homebrew_formula.sh", *command)
        self.assert_exit(done, expected)
        formula = self.root / "out/gait-cli.rb"
        return formula.read_text() if formula.exists() else ""

    def test_a_formula_has_every_platform_of_the_release(self) -> None:
        mac = ["darwin_arm64", "darwin_amd64"]
        formula = self.render(mac)
        self.assertIn("class GaitCli < Formula", formula)
        self.assertIn('assert_match "\\"run_id\\""', formula)
        self.assertNotIn("on_linux", formula)
        formula = self.render([*mac, "linux_arm64", "linux_amd64"])
        self.assertEqual(formula.count("sha256"), 4)
        self.assertIn("releases/download/v1.2.3/gait_1.2.3_linux_arm64.tar.gz", formula)

    def test_texts_stay_texts(self) -> None:
        formula = self.render(["darwin_arm64", "darwin_amd64"], "--desc", 'a "b" #{system("x")} \\')
        self.assertIn('desc "a \\"b\\" \\#{system(\\"x\\")} \\\\"', formula)

    def test_what_cannot_be_rendered_leaves_no_formula(self) -> None:
        mac = ["darwin_arm64", "darwin_amd64"]
        self.assertEqual(self.render(["darwin_arm64"], expected=2), "")
        self.assertEqual(self.render(mac, expected=2, digest="G" * 64), "")
        self.assertEqual(self.render([*mac, "linux_amd64"], expected=2, digest="7" * 63), "")
        self.assertEqual(self.render(mac, "--version", "", expected=2), "")
        self.assertEqual(self.render(mac, "--other", expected=2), "")
        self.assertEqual(self.render(mac, "--checksums", "no-such.txt", expected=2), "")


class OpenClawInstallTest(CheckoutTest):
    def install(self, *arguments: str, expected: int = 0, **variables: str) -> dict[str, object]:
        done = self.run_command(self.root / "scripts/install_openclaw_skill.sh", *arguments, "--json", **variables)
        self.assert_exit(done, expected)
        return json.loads(done.stdout) if expected == 0 else {}

    def test_the_skill_is_installed(self) -> None:
        told = self.install(OPENCLAW_HOME=str(self.root / 'open "claw'))
        target = self.root / 'open "claw/skills/gait-gate'
        self.assertEqual((told["ok"], told["package"], told["target_dir"]), (True, "gait-gate", str(target)))
        entry = Path(str(told["entrypoint"]))
        self.assertEqual(entry.stat().st_mode & 0o777, 0o755)
        settings = json.loads((target / "skill_config.json").read_text())
        self.assertEqual(settings["policy_path"], told["policy_path"])
        manifest = json.loads((target / "skill_manifest.json").read_text())
        self.assertTrue((target / manifest["entrypoint"]).is_file())

    def test_only_a_skill_is_replaced(self) -> None:
        target = self.root / "target"
        self.install("--target-dir", str(target))
        self.install("--target-dir", str(target), expected=2)
        (target / "skill_config.json").write_text("{}")
        self.install("--target-dir", str(target), "--force")
        self.assertNotEqual((target / "skill_config.json").read_text(), "{}")
        (target / "thesis.txt").write_text("the only copy")
        self.install("--target-dir", str(target), "--force", expected=2)
        self.assertEqual((target / "thesis.txt").read_text(), "the only copy")
        self.install("--target-dir", str(self.root), "--force", expected=2)
        self.assertTrue((self.root / "scripts").is_dir())

    def test_wrong_arguments_are_told(self) -> None:
        for arguments in (["--other"], ["--target-dir"], ["--policy", "no-such.yaml"]):
            self.install(*arguments, expected=2)
        (self.root / "examples/integrations/openclaw/skill/skill_manifest.json").unlink()
        self.install("--target-dir", str(self.root / "target"), expected=2)
        self.assertFalse((self.root / "target").exists())


if __name__ == "__main__":
    unittest.main()

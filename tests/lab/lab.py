"""The lab: runs inside the namespaces that run.sh made, writes to /lab/out."""

import json
import os
import sys
import time
import traceback

import kit
import scenes_exim
import scenes_postfix
import scenes_tools

SCENES = {}
for module in (scenes_postfix, scenes_exim, scenes_tools):
    SCENES.update(module.SCENES)


# The start page of the application shows these, in this order.
START_PAGE = [
    ("Relay denied after a server move", "An application still uses the relay without a login.",
     ["postfix/relay-denied.log"], "relay", "Postfix"),
    ("Refused by Gmail since a DNS change", "Only one of three sending domains is hit.",
     ["postfix/gmail-unauthenticated.log"], "auth", "Postfix"),
    ("Listed by a blocklist", "One sending address, one afternoon.",
     ["exim/blocklist.mainlog"], "reputation", "Exim"),
    ("A typo in a sign-up form", "Notices for addresses that are one letter off.",
     ["notices/typo-in-signup.mbox"], "recipient", "mbox"),
    ("Accepted, then failed", "The log says 250; the notice came later.",
     ["accepted-then-failed/mail.log", "accepted-then-failed/notice-1.eml", "accepted-then-failed/notice-2.eml"],
     "mailbox", "Postfix and notices"),
]


def start_page():
    text = "# Sample logs in the order of the start page. Written by tests/lab/run.sh.\n"
    for title, shows, paths, icon, program in START_PAGE:
        with open(os.path.join(kit.OUT, paths[0]), errors="replace") as source:
            lines = source.read().splitlines()
        notices = sum(line.startswith("From ") for line in lines) if paths[0].endswith(".mbox") else len(paths) - 1
        if paths[0].endswith(".mbox"):
            detail = "%s · %d notices" % (program, notices)
        elif notices:
            detail = "%s · %d lines, %d notices" % (program.split(" ")[0], len(lines), notices)
        else:
            detail = "%s · %d lines" % (program, len(lines))
        text += "\n[[sample]]\n" + "".join("%s = %s\n" % (key, json.dumps(value, ensure_ascii=False)) for key, value in (
            ("title", title), ("shows", shows), ("paths", paths), ("detail", detail), ("icon", icon)))
    kit.keep_text(text, "samples.toml")


def main():
    wanted = sys.argv[1:] or list(SCENES)
    unknown = [name for name in wanted if name not in SCENES]
    if unknown:
        sys.exit("lab: no scene called %s; there are: %s" % (", ".join(unknown), ", ".join(SCENES)))
    kit.set_up()
    failed = []
    for name in wanted:
        started = time.time()
        try:
            SCENES[name]()
        except Exception:
            traceback.print_exc()
            failed.append(name)
        print("lab: %-24s %5.1f s" % (name, time.time() - started), flush=True)
    if not sys.argv[1:] and not failed:
        start_page()
    with open("/lab/out/truth.jsonl", "w") as out:
        for line in kit.TRUTH:
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
    if failed:
        sys.exit("lab: failed: " + ", ".join(failed))


if __name__ == "__main__":
    main()

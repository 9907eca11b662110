"""The lab: runs inside the namespaces that run.sh made, writes to /lab/out."""

import json
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
    with open("/lab/out/truth.jsonl", "w") as out:
        for line in kit.TRUTH:
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
    if failed:
        sys.exit("lab: failed: " + ", ".join(failed))


if __name__ == "__main__":
    main()

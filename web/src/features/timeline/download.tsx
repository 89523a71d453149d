import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { Run } from "../../app/api.ts";
import { useWords } from "../../app/words.ts";
import { announce } from "../../ui/announce.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { ProblemNote } from "../../ui/problem.tsx";
import { saveFile } from "../../ui/save-file.ts";
import { readWholeRun } from "./whole-run.ts";

/** Before that nobody wonders how far it has come. */
const SOON_MS = 1_000;

/** Takes the whole run along as JSON, and says how far it has come where that takes a while. */
export function Download({ run }: { run: Run }) {
  const { t, number } = useWords();
  const [share, setShare] = useState<number>();
  const leaving = useRef<AbortController>(undefined);
  useEffect(() => () => leaving.current?.abort(), []);
  const download = useMutation({
    mutationFn: () => {
      const begun = performance.now();
      leaving.current = new AbortController();
      return readWholeRun(run, {
        signal: leaving.current.signal,
        onProgress: (read) => performance.now() - begun > SOON_MS && setShare(read),
      });
    },
    onSuccess: (whole) => {
      saveFile(`run-${run.run_id}.json`, JSON.stringify(whole, null, 2), "application/json");
      const count = whole.timeline.length;
      announce(
        whole.is_complete
          ? t("run.downloaded", { count, number: number(count) })
          : t("run.downloaded_part", { count, number: number(count) }),
      );
    },
    onSettled: () => setShare(undefined),
  });
  const percent = Math.min(99, Math.floor((share ?? 0) * 100));
  return (
    <>
      <Button
        size="small"
        title={t("run.download")}
        aria-label={share === undefined ? t("run.download") : undefined}
        aria-disabled={download.isPending}
        onClick={() => !download.isPending && download.mutate()}
      >
        <Glyph name="download" className="sm" />
        JSON{share !== undefined && ` ${percent} %`}
      </Button>
      {download.error && (
        <Dialog title={t("run.download")} onClose={() => download.reset()}>
          <ProblemNote error={download.error} onRetry={() => download.mutate()} />
          <div className="foot">
            <Button onClick={() => download.reset()}>{t("common.close")}</Button>
          </div>
        </Dialog>
      )}
    </>
  );
}

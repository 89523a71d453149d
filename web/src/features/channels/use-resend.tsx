import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Problem } from "../../app/send.ts";
import { useWords } from "../../app/words.ts";
import { announce } from "../../ui/announce.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { ProblemNote } from "../../ui/problem.tsx";
import { type OutboxMessage, resendMessage } from "./queries.ts";

/** Sends given-up messages again, one at a time, and knows what came of the last. */
export interface Resending {
  resend(message: OutboxMessage): void;
  isPending: boolean;
  isDone: boolean;
  /** Somebody else was first, or it went out meanwhile. */
  isLate: boolean;
  error: Error | null;
}

const isLate = (error: Error | null) => error instanceof Problem && error.status === 409;

export function useResend(): Resending {
  const { t } = useWords();
  const client = useQueryClient();
  const again = useMutation({
    mutationFn: resendMessage,
    onSuccess: () => announce(t("channels.resent")),
    onError: (error) => {
      if (isLate(error)) announce(t("channels.late"));
    },
    onSettled: () =>
      Promise.all(
        ["messages", "channels"].map((key) => client.invalidateQueries({ queryKey: [key] })),
      ),
  });
  return {
    resend: (message) => {
      if (!again.isPending) again.mutate(message);
    },
    isPending: again.isPending,
    isDone: again.isSuccess,
    isLate: isLate(again.error),
    error: again.error,
  };
}

/** What came of the last wish, for the eye; the announcer says it too. */
export function ResendNote(props: { resending: Resending }) {
  const { t } = useWords();
  const { isDone, isLate: late, error } = props.resending;
  if (error && !late) return <ProblemNote error={error} />;
  if (!isDone && !late) return null;
  return (
    <div className="note">
      <Glyph name={late ? "alert" : "check"} />
      <div>{t(late ? "channels.late" : "channels.resent")}</div>
    </div>
  );
}

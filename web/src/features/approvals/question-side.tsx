import type { Approval } from "../../app/api.ts";
import { wallTime } from "../../app/format.ts";
import { useWords } from "../../app/words.ts";
import { Glyph } from "../../ui/glyphs.tsx";
import { Tag } from "../../ui/marks.tsx";
import { GatePips } from "../gates/gates.tsx";
import { isYes } from "./answers.ts";
import { Block } from "./block.tsx";
import { Quorum } from "./quorum.tsx";

/** Effect, reason, people and time: what a yes means. */
export function QuestionSide(props: { approval: Approval }) {
  return (
    <div className="side">
      <EffectBlock {...props} />
      <WhyBlock {...props} />
      <WhoBlock {...props} />
      <TimeBlock {...props} />
    </div>
  );
}

function EffectBlock({ approval }: { approval: Approval }) {
  const { t, money } = useWords();
  const { left } = approval;
  return (
    <Block
      className="first"
      title={t("question.effect")}
      aside={
        approval.effect === "write" ? (
          <Tag tone="write">{t("effect.write")}</Tag>
        ) : (
          <Tag>{t("effect.read")}</Tag>
        )
      }
    >
      <div className="effect">
        <Glyph name={approval.undoable === true ? "undo" : "noundo"} />
        <b>
          {approval.undoable === null
            ? t("question.undo_unknown")
            : approval.undoable
              ? t("question.undoable")
              : t("question.not_undoable")}
        </b>
        {approval.blast_radius && (
          <>
            <Glyph name="host" />
            <span>{approval.blast_radius}</span>
          </>
        )}
        {approval.estimate && (
          <>
            <Glyph name="clock" />
            <span>
              {approval.estimate}{" "}
              <span className="text-ink-3">{t("question.contracts_estimate")}</span>
            </span>
          </>
        )}
      </div>
      <dl className="kv">
        <dt>{t("question.cost")}</dt>
        <dd>{money(approval.cost_usd)}</dd>
        <dt>{t("question.run_so_far")}</dt>
        <dd>
          {money(approval.run_cost_usd)}
          {left.cost_usd !== null &&
            ` · ${t("question.cost_left", { cost: money(left.cost_usd) })}`}
          {left.calls !== null && ` · ${t("question.calls_left", { count: left.calls })}`}
        </dd>
      </dl>
    </Block>
  );
}

function WhyBlock({ approval }: { approval: Approval }) {
  const { t } = useWords();
  return (
    <Block
      title={t("question.why")}
      aside={<GatePips verdicts={approval.verdicts} isOver={false} />}
    >
      <p className="text-ink-2">{approval.demanded_by.text}</p>
      <p className="text-ink-2">{t("question.gates_again")}</p>
    </Block>
  );
}

function WhoBlock({ approval }: { approval: Approval }) {
  const { t } = useWords();
  const { group, escalated_groups, needed, counted, available, separation } = approval.approvers;
  const yes = approval.decisions.filter(isYes);
  return (
    <Block title={t("question.who")} aside={<Quorum approval={approval} />}>
      <p className="text-ink-2">
        {group === null
          ? t("question.needs", { count: needed })
          : t("question.needs_group", {
              count: needed,
              group: [group, ...escalated_groups].join(", "),
            })}
      </p>
      {group !== null && available < needed - counted.length && (
        <p className="text-stop-text">{t("question.too_few", { count: available })}</p>
      )}
      {counted
        .filter(({ person, by }) => person !== by)
        .map(({ person, by }) => (
          <p key={person} className="text-ink-2">
            {t("question.said_for", { by, person })}
          </p>
        ))}
      {approval.may_decide?.yes === false && <p>{approval.may_decide.text}</p>}
      <p className="text-xs text-ink-3">{separation.text}</p>
      {yes.map((decision) => (
        <p key={decision.actor} className="text-ink-2">
          {t("question.said_yes", { who: decision.actor, time: wallTime(decision.at) })}{" "}
          {decision.reason && t("common.quoted", { text: decision.reason })}
        </p>
      ))}
    </Block>
  );
}

function TimeBlock({ approval }: { approval: Approval }) {
  const { t, duration, moment } = useWords();
  const then =
    approval.on_expire === "return"
      ? t("question.then_return")
      : approval.on_expire === "fail"
        ? t("question.then_fail")
        : t("question.then_cancel");
  return (
    <Block title={t("question.time")}>
      <dl className="kv">
        <dt>{t("question.decide_by")}</dt>
        <dd>{moment(approval.expires_at, Date.now())}</dd>
        {approval.next_step && (
          <>
            <dt>{t("question.next_step")}</dt>
            <dd>
              {approval.next_step.to_group === null
                ? t("question.reminded_at", { at: moment(approval.next_step.at, Date.now()) })
                : t("question.escalated_at", {
                    at: moment(approval.next_step.at, Date.now()),
                    group: approval.next_step.to_group,
                  })}
            </dd>
          </>
        )}
        <dt>{t("question.run_by")}</dt>
        <dd>
          {t("question.after_yes", {
            time: duration(approval.redeem_seconds * 1000).replace(/\s00\s\S+$/, ""),
          })}
        </dd>
        <dt>{t("question.then")}</dt>
        <dd>{then}</dd>
      </dl>
    </Block>
  );
}

//! Filters as SQL. Each test is true or false and never NULL, so that NOT means everything else, on both databases.

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};
use sea_orm::{
    ColumnTrait, Condition, DbBackend, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, Func, IntoCondition, Value},
};

use super::{
    block::blocked,
    entity::{
        task::{Column, Entity},
        task_label,
    },
    scope::UserScope,
};
use crate::filter::{
    Comparison, Equality, Filter, IdField, MomentField, OptionalField, PlanField, Span, Test, TimeValue, Viewpoint,
};

/// The tasks that pass. Whatever is looked up in other tables is looked up in the scope too.
pub(super) fn condition(filter: &Filter, at: &Viewpoint, scope: UserScope, backend: DbBackend) -> Condition {
    let part = |part: &Filter| condition(part, at, scope, backend);
    match filter {
        Filter::All(parts) => parts.iter().map(part).fold(Condition::all(), Condition::add),
        Filter::Any(parts) => parts.iter().map(part).fold(Condition::any(), Condition::add),
        Filter::Not(inner) => Condition::all().add(part(inner)).not(),
        Filter::Is(test) => Question { at, scope, backend }.ask(test),
    }
}

struct Question<'a> {
    at: &'a Viewpoint,
    scope: UserScope,
    backend: DbBackend,
}

impl Question<'_> {
    fn ask(&self, test: &Test) -> Condition {
        match test {
            Test::Id(field, equality, id) => {
                let column = id_column(*field);
                let same = match equality {
                    Equality::Equal => column.eq(*id),
                    Equality::NotEqual => column.ne(*id),
                };
                Condition::all().add(column.is_not_null()).add(same)
            }
            Test::Title(comparison, title) => compare(Expr::col((Entity, Column::Title)), *comparison, title.as_str()),
            Test::TitleContains(text) => self.contains(Column::Title, text),
            Test::TextContains(text) => {
                Condition::any().add(self.contains(Column::Title, text)).add(self.contains(Column::Notes, text))
            }
            Test::State(Equality::Equal, state) => Column::State.eq(state.name()).into_condition(),
            Test::State(Equality::NotEqual, state) => Column::State.ne(state.name()).into_condition(),
            Test::Priority(comparison, priority) => {
                compare(Expr::col((Entity, Column::Priority)), *comparison, priority.rank())
            }
            Test::Label(label) => self.labelled(Some(label)),
            Test::Blocked(true) => self.blocked(),
            Test::Blocked(false) => self.blocked().not(),
            Test::Moment(field, comparison, time) => self.moment(*field, *comparison, time),
            Test::Plan(field, comparison, time) => self.plan(*field, *comparison, time),
            Test::Has(OptionalField::Parent) => Column::ParentId.is_not_null().into_condition(),
            Test::Has(OptionalField::Labels) => self.labelled(None),
            Test::Has(OptionalField::Moment(field)) => moment_column(*field).is_not_null().into_condition(),
            Test::Has(OptionalField::Plan(field)) => Plan::of(*field).present().into_condition(),
        }
    }

    /// Without LIKE there are no wildcards. Both databases fold A to Z, and no other letter, in the collation of bytes.
    fn contains(&self, column: Column, text: &str) -> Condition {
        let column = Expr::col((Entity, column));
        let place = match self.backend {
            DbBackend::Postgres => {
                let folded = Func::lower(Expr::cust_with_expr("$1 COLLATE \"C\"", column));
                Func::cust("strpos").args([folded.into(), text.to_ascii_lowercase().into()])
            }
            _ => Func::cust("instr").args([Func::lower(column).into(), text.to_ascii_lowercase().into()]),
        };
        Expr::from(place).gt(0).into_condition()
    }

    fn labelled(&self, label: Option<&String>) -> Condition {
        let labels = self.scope.select::<task_label::Entity>().select_only().column(task_label::Column::TaskId);
        let labels = match label {
            Some(label) => labels.filter(task_label::Column::Label.eq(label)),
            None => labels,
        };
        Column::Id.in_subquery(labels.into_query()).into_condition()
    }

    fn blocked(&self) -> Condition {
        Column::Id.in_subquery(blocked(self.scope)).into_condition()
    }

    fn moment(&self, field: MomentField, comparison: Comparison, time: &TimeValue) -> Condition {
        let column = moment_column(field);
        let Span { from, until } = time.instants(self.at);
        let before = |end: DateTime<Utc>| column.lt(end).into_condition();
        let since = |start: DateTime<Utc>| column.gte(start).into_condition();
        Condition::all().add(column.is_not_null()).add(within(
            comparison,
            (before(from), since(from)),
            (before(until), since(until)),
        ))
    }

    fn plan(&self, field: PlanField, comparison: Comparison, time: &TimeValue) -> Condition {
        let plan = Plan::of(field);
        let (instants, clocks) = (time.instants(self.at), time.clocks(self.at));
        let before = |instant, clock| plan.before(instant, clock);
        let since = |instant, clock| before(instant, clock).not();
        let from = (before(instants.from, clocks.from), since(instants.from, clocks.from));
        let until = (before(instants.until, clocks.until), since(instants.until, clocks.until));
        Condition::all().add(plan.present()).add(within(comparison, from, until))
    }
}

/// A comparison with a span, of which is told what lies before and what not before its two ends.
fn within(comparison: Comparison, from: (Condition, Condition), until: (Condition, Condition)) -> Condition {
    let ((before_it, not_before_it), (before_end, behind_it)) = (from, until);
    match comparison {
        Comparison::Equal => Condition::all().add(not_before_it).add(before_end),
        Comparison::NotEqual => Condition::any().add(before_it).add(behind_it),
        Comparison::Less => before_it,
        Comparison::LessOrEqual => before_end,
        Comparison::Greater => behind_it,
        Comparison::GreaterOrEqual => not_before_it,
    }
}

fn compare(column: Expr, comparison: Comparison, value: impl Into<Value>) -> Condition {
    let value = Expr::val(value.into());
    match comparison {
        Comparison::Equal => column.eq(value),
        Comparison::NotEqual => column.ne(value),
        Comparison::Less => column.lt(value),
        Comparison::LessOrEqual => column.lte(value),
        Comparison::Greater => column.gt(value),
        Comparison::GreaterOrEqual => column.gte(value),
    }
    .into_condition()
}

fn id_column(field: IdField) -> Column {
    match field {
        IdField::Task => Column::Id,
        IdField::TaskList => Column::TaskListId,
        IdField::Parent => Column::ParentId,
    }
}

fn moment_column(field: MomentField) -> Column {
    match field {
        MomentField::Create => Column::CreateTime,
        MomentField::Update => Column::UpdateTime,
        MomentField::Complete => Column::CompleteTime,
        MomentField::Delete => Column::DeleteTime,
    }
}

/// The columns of a time that a person set. Its order is a number of seconds, and there is always one: in UTC for a
/// time in a zone, of the clock for one without, of midnight for a whole day.
struct Plan {
    date: Column,
    time_of_day: Column,
    time_zone: Column,
    order: Column,
    /// Whether a whole day counts as its last microsecond, and not as its midnight.
    end_of_day: bool,
}

const SECONDS_OF_A_DAY: i64 = 86_400;

impl Plan {
    fn of(field: PlanField) -> Self {
        match field {
            PlanField::Start => Self {
                date: Column::StartDate,
                time_of_day: Column::StartTimeOfDay,
                time_zone: Column::StartTimeZone,
                order: Column::StartOrder,
                end_of_day: false,
            },
            PlanField::Due => Self {
                date: Column::DueDate,
                time_of_day: Column::DueTimeOfDay,
                time_zone: Column::DueTimeZone,
                order: Column::DueOrder,
                end_of_day: true,
            },
        }
    }

    fn present(&self) -> Expr {
        self.date.is_not_null()
    }

    fn before(&self, instant: DateTime<Utc>, clock: NaiveDateTime) -> Condition {
        // A day that ends before the clock's midnight began before the midnight before.
        let midnight = if self.end_of_day { seconds_down(clock) - SECONDS_OF_A_DAY + 1 } else { seconds_up(clock) };
        let zoned = Condition::all().add(self.time_zone.is_not_null());
        let floating = Condition::all().add(self.time_zone.is_null()).add(self.time_of_day.is_not_null());
        let whole_day = Condition::all().add(self.time_of_day.is_null());
        Condition::any()
            .add(zoned.add(self.order.lt(seconds_up(instant.naive_utc()))))
            .add(floating.add(self.order.lt(seconds_up(clock))))
            .add(whole_day.add(self.order.lt(midnight)))
    }
}

/// The first whole second that is not before the time: what is kept in whole seconds is before either or neither.
fn seconds_up(time: NaiveDateTime) -> i64 {
    let seconds = seconds_down(time);
    if time == time.trunc_subsecs(0) { seconds } else { seconds + 1 }
}

fn seconds_down(time: NaiveDateTime) -> i64 {
    time.and_utc().timestamp()
}

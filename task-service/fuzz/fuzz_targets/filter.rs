//! Whatever is sent as a filter is read or refused at a place within it, and every time in it can be told.

#![no_main]

use chrono_tz::Tz;
use libfuzzer_sys::fuzz_target;
use task_service::filter::{Filter, Test, Viewpoint};

fuzz_target!(|text: &str| match Filter::parse(text) {
    Ok(filter) => look_at_times(&filter),
    Err(error) => assert!((1..=text.chars().count() + 1).contains(&error.position())),
});

fn look_at_times(filter: &Filter) {
    match filter {
        Filter::All(parts) | Filter::Any(parts) => parts.iter().for_each(look_at_times),
        Filter::Not(part) => look_at_times(part),
        Filter::Is(Test::Moment(_, _, time) | Test::Plan(_, _, time)) => {
            // An hour that clocks in Vienna show for the second time; a zone that left a day out.
            for zone in [Tz::Europe__Vienna, Tz::Pacific__Apia] {
                let at = Viewpoint { now: "2026-10-25T01:15:00Z".parse().expect("a time"), zone };
                let (instants, clocks) = (time.instants(&at), time.clocks(&at));
                assert!(instants.from <= instants.until && clocks.from <= clocks.until);
            }
        }
        Filter::Is(_) => {}
    }
}

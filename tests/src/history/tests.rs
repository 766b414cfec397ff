use super::*;

const BOUND: Duration = Duration::from_secs(3);

struct Play {
    history: History,
    start: Instant,
    session: SessionNumber,
}

impl Play {
    /// One session; its end is asked for after 10 s and acknowledged after 11.
    fn begin() -> Self {
        let history = History::default();
        let (start, session) = (Instant::now(), history.begin());
        let play = Self { history, start, session };
        for seconds in [10, 12] {
            play.history.asked(session, play.at(seconds * 1_000));
            play.history.acknowledged(session, play.at(seconds * 1_000 + 1_000));
        }
        play
    }

    fn at(&self, milliseconds: u64) -> Instant {
        self.start + Duration::from_millis(milliseconds)
    }

    fn call(&self, sent: u64, answered: u64, outcome: Outcome) {
        self.history.called(self.session, self.at(sent), self.at(answered), outcome);
    }

    fn after(sent: u64, answered: u64, outcome: Outcome) -> Vec<Violation> {
        let play = Self::begin();
        play.call(sent, answered, outcome);
        play.history.violations(BOUND)
    }
}

#[test]
fn a_call_sent_within_the_bound_may_be_accepted_however_late_its_answer_comes_and_one_sent_after_it_may_not() {
    for sent in [0, 10_500, 14_000] {
        assert_eq!(Play::after(sent, 99_000, Outcome::Accepted), []);
    }
    let late = Violation::AcceptedTooLate(SessionNumber(0), Duration::from_millis(3_001));
    assert_eq!(Play::after(14_001, 14_002, Outcome::Accepted), [late]);
}

#[test]
fn a_call_may_be_refused_from_the_asking_on_and_not_before() {
    assert_eq!(Play::after(9_000, 10_000, Outcome::Refused), []);
    assert_eq!(Play::after(99_000, 99_000, Outcome::Refused), []);
    let violation = Violation::RefusedWithoutCause(SessionNumber(0));
    assert_eq!(Play::after(9_000, 9_999, Outcome::Refused), [violation]);
    let history = History::default();
    let session = history.begin();
    history.called(session, Instant::now(), Instant::now(), Outcome::Refused);
    assert_eq!(history.violations(BOUND), [Violation::RefusedWithoutCause(session)]);
}

#[test]
fn foreign_and_odd_answers_are_never_right_and_none_always_is() {
    assert_eq!(Play::after(0, 1, Outcome::Foreign), [Violation::Foreign(SessionNumber(0))]);
    let odd = Outcome::Odd("Internal".into());
    assert_eq!(Play::after(0, 1, odd), [Violation::Odd(SessionNumber(0), "Internal".into())]);
    for none in [Outcome::Unavailable, Outcome::Broken] {
        assert_eq!(Play::after(99_000, 99_000, none), []);
    }
}

#[test]
fn tells_how_often_what_happened_in_a_time() {
    let play = Play::begin();
    play.call(4_999, 5_000, Outcome::Accepted);
    play.call(5_000, 5_001, Outcome::Accepted);
    play.call(11_300, 11_301, Outcome::Accepted);
    play.call(11_200, 11_201, Outcome::Accepted);
    play.call(13_000, 13_001, Outcome::Refused);
    play.call(15_000, 15_001, Outcome::Refused);
    play.call(15_000, 15_001, Outcome::Unavailable);
    play.call(15_000, 15_001, Outcome::Broken);
    play.call(16_000, 16_001, Outcome::Refused);
    let tally = play.history.tally(play.at(5_000)..play.at(16_000), BOUND);
    let worst = Some(Duration::from_millis(300));
    let expected =
        Tally { accepted: 3, refused: 2, had_to_be_refused: 1, unavailable: 1, broken: 1, revoked: 1, worst };
    assert_eq!((tally, tally.decided()), (expected, 5));
    assert_eq!(play.history.tally(play.at(0)..play.at(11_000), BOUND).revoked, 0);
}

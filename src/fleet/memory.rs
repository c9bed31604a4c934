//! What is remembered while the lease runs, and forgotten when it changes.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use quick_cache::sync::Cache;

use super::{Fleet, Moment};

/// Answers to questions that are asked again and again: those that are asked for most.
///
/// The one promise: [`Remembered::get`] answers with what was so at some instant after it was
/// called, unless the change since then has not been called in effect by anyone's receipt.
pub struct Remembered<K, V> {
    fleet: Fleet,
    answers: Cache<K, V>,
    loading: Loading<K>,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// How often memory had the answer, how often not, and how many answers it has.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    pub hits: u64,
    pub misses: u64,
    pub entries: usize,
}

impl<K: Copy + Eq + Hash, V: Clone> Remembered<K, V> {
    #[must_use]
    pub fn new(fleet: Fleet, entries: usize) -> Self {
        Self {
            fleet,
            answers: Cache::new(entries),
            loading: Loading::default(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// # Errors
    /// Those of `load`, which asks the database.
    pub async fn get<E>(&self, key: &K, load: impl AsyncFn() -> Result<V, E>) -> Result<V, E> {
        // The lease is looked at after the answer that it covers is taken. If it runs then, no
        // receipt has yet said that what this answer says is over.
        if let Some(answer) = self.answers.get(key)
            && self.may_answer()
        {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(answer);
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        if self.may_answer() {
            let answer = self.load_once(key, &load).await?;
            // It may be one that another call asked for, longer ago than the lease is long.
            if self.may_answer() {
                return Ok(answer);
            }
        }
        load().await
    }

    /// Calls with the same question share a query. Its answer is kept unless it was forgotten
    /// meanwhile: then it is for those calls alone that waited already.
    async fn load_once<E>(&self, key: &K, load: &impl AsyncFn() -> Result<V, E>) -> Result<V, E> {
        match self.answers.get_value_or_guard_async(key).await {
            Ok(answer) => Ok(answer),
            Err(place) => {
                let _begun = self.loading.begin(*key);
                let answer = load().await?;
                let _ = place.insert(answer.clone());
                Ok(answer)
            }
        }
    }

    fn may_answer(&self) -> bool {
        self.fleet.lease().runs_at(Moment::now())
    }

    /// Also the place that is held for an answer on its way.
    pub fn forget(&self, key: &K) {
        self.answers.remove(key);
    }

    /// Of the answers on their way it is not known yet what they are: all are forgotten.
    pub fn forget_where(&self, is_over: impl Fn(&V) -> bool) {
        for key in self.loading.keys() {
            self.answers.remove(&key);
        }
        self.answers.retain(|_, answer| !is_over(answer));
    }

    pub fn forget_all(&self) {
        self.answers.clear();
    }

    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            entries: self.answers.len(),
        }
    }
}

/// What is asked for, from before the query is sent until after its answer is kept: whatever
/// changes in between finds it here.
struct Loading<K>(Mutex<HashMap<K, usize>>);

impl<K> Default for Loading<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Copy + Eq + Hash> Loading<K> {
    fn begin(&self, key: K) -> Begun<'_, K> {
        *self.lock().entry(key).or_default() += 1;
        Begun { loading: self, key }
    }

    fn keys(&self) -> Vec<K> {
        self.lock().keys().copied().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<K, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Begun<'a, K: Copy + Eq + Hash> {
    loading: &'a Loading<K>,
    key: K,
}

impl<K: Copy + Eq + Hash> Drop for Begun<'_, K> {
    fn drop(&mut self) {
        let mut loading = self.loading.lock();
        if let Some(count) = loading.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                loading.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::poll_fn;
    use std::pin::Pin;
    use std::sync::atomic::AtomicBool;
    use std::task::Poll;
    use std::time::Duration;

    use tokio::sync::Notify;

    use super::super::lease::Moment;
    use super::*;

    fn remembered() -> (Fleet, Remembered<u8, u64>) {
        let fleet = Fleet::alone();
        fleet
            .lease()
            .extend(Moment::now().plus(Duration::from_secs(3600)));
        (fleet.clone(), Remembered::new(fleet, 100))
    }

    async fn ask(remembered: &Remembered<u8, u64>, key: u8, answer: u64) -> u64 {
        let load = async || Ok::<_, Infallible>(answer);
        remembered.get(&key, load).await.unwrap()
    }

    async fn waits<F: Future>(call: &mut Pin<Box<F>>) -> bool {
        poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_pending())).await
    }

    #[tokio::test]
    async fn an_answer_is_kept_while_the_lease_runs() {
        let (fleet, remembered) = remembered();
        assert_eq!(ask(&remembered, 1, 10).await, 10);
        assert_eq!(ask(&remembered, 1, 11).await, 10);
        fleet.lease().end();
        assert_eq!(ask(&remembered, 1, 12).await, 12);
    }

    #[tokio::test]
    async fn what_is_forgotten_is_asked_for_again() {
        type Forget = fn(&Remembered<u8, u64>);
        let ways: [Forget; 3] = [
            |remembered| remembered.forget(&1),
            |remembered| remembered.forget_where(|answer| *answer == 10),
            Remembered::forget_all,
        ];
        for forget in ways {
            let (_, remembered) = remembered();
            ask(&remembered, 1, 10).await;
            forget(&remembered);
            assert_eq!(ask(&remembered, 1, 11).await, 11);
        }
    }

    /// Each way to forget, while the answer is on its way: those who waited get it, nobody else.
    #[tokio::test]
    async fn an_answer_that_is_forgotten_on_its_way_is_not_kept() {
        type Forget = fn(&Remembered<u8, u64>);
        let ways: [Forget; 3] = [
            |remembered| remembered.forget(&1),
            |remembered| remembered.forget_where(|_| false),
            Remembered::forget_all,
        ];
        for forget in ways {
            let (_, remembered) = remembered();
            let (sent, arrives) = (AtomicBool::new(false), Notify::new());
            let slow = async || {
                sent.store(true, Ordering::Relaxed);
                arrives.notified().await;
                Ok::<_, Infallible>(10)
            };
            let mut first = Box::pin(remembered.get(&1, slow));
            let mut waiting = Box::pin(ask(&remembered, 1, 99));
            assert!(waits(&mut first).await && sent.load(Ordering::Relaxed));
            assert!(waits(&mut waiting).await);
            forget(&remembered);
            assert_eq!(ask(&remembered, 1, 11).await, 11, "whoever comes now");
            arrives.notify_one();
            assert_eq!(first.await, Ok(10));
            assert_eq!(waiting.await, 10);
            assert_eq!(ask(&remembered, 1, 12).await, 11);
        }
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_does_not_block_the_others() {
        let (_, remembered) = remembered();
        let never = async || std::future::pending::<Result<u64, Infallible>>().await;
        let mut first = Box::pin(remembered.get(&1, never));
        assert!(waits(&mut first).await);
        let mut waiting = Box::pin(ask(&remembered, 1, 11));
        assert!(waits(&mut waiting).await);
        drop(first);
        assert_eq!(waiting.await, 11);
        assert_eq!(remembered.loading.keys(), Vec::<u8>::new());
    }

    #[tokio::test]
    async fn who_waited_for_longer_than_the_lease_asks_for_itself() {
        let (fleet, remembered) = remembered();
        let arrives = Notify::new();
        let slow = async || {
            arrives.notified().await;
            Ok::<_, Infallible>(10)
        };
        let mut first = Box::pin(remembered.get(&1, slow));
        let mut waiting = Box::pin(ask(&remembered, 1, 11));
        assert!(waits(&mut first).await && waits(&mut waiting).await);
        fleet.lease().end();
        arrives.notify_one();
        // The first asks once more.
        assert!(waits(&mut first).await);
        assert_eq!(waiting.await, 11);
    }
}

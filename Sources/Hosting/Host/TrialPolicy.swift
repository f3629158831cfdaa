/// When strategies count as suspected of killing their hosts, and how long they run before they are trusted again.
package struct TrialPolicy: Sendable, Equatable {
    /// Adoptions of a shard from crashed replicas, within ten minutes.
    package let crashes: Int
    /// Of the first trial, from when all in it are up; twice that after another crash, and four times after further ones, for culprits that take their time.
    package let duration: Duration

    package static let standard = TrialPolicy(after: 3)
    /// For clusters whose replicas are killed on purpose.
    package static let never = TrialPolicy(after: .max)

    package init(after crashes: Int, duration: Duration = .seconds(2)) {
        self.crashes = crashes
        self.duration = duration
    }

    func duration(after crashes: Int) -> Duration {
        duration * (1 << min(max(crashes - self.crashes, 0), 2))
    }
}

import ArgumentParser

/// How much of a list is wanted.
struct ListOptions: ParsableArguments {
    @Option(help: "How many at most.")
    var limit = 50

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit must be at least 1") }
    }
}

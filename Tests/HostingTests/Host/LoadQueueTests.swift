import Testing

@testable import Hosting

@Suite("The queue of loads")
struct LoadQueueTests {
    private typealias Batch = LoadQueue.Batch

    @Test("what was taken is loaded at once; wishes gather while a refresh is under way")
    func gathers() {
        var queue = LoadQueue()
        queue.add([1, 2])
        #expect(queue.next() == [Batch(shards: [1, 2], isRestore: false)])
        queue.add([3])
        queue.add([1, 4])
        #expect(queue.next().isEmpty)
        queue.addTaken([5])
        #expect(queue.next() == [Batch(shards: [5], isRestore: true)])
        queue.ended(Batch(shards: [1, 2], isRestore: false))
        #expect(queue.next() == [Batch(shards: [1, 3, 4], isRestore: false)])
    }

    @Test("a shard is never loaded twice at once, and an answer from before it was taken again does not count")
    func onceAtATime() {
        var queue = LoadQueue()
        let refresh = Batch(shards: [1], isRestore: false)
        queue.add([1])
        #expect(queue.next() == [refresh])
        #expect(!queue.isOutdated(1))
        queue.remove(1)
        queue.addTaken([1])
        #expect(queue.next().isEmpty)
        #expect(queue.isOutdated(1))
        queue.ended(refresh)
        let restore = Batch(shards: [1], isRestore: true)
        #expect(queue.next() == [restore])
        queue.add([1])
        #expect(queue.next().isEmpty)
        queue.ended(restore)
        #expect(queue.next() == [refresh])
    }

    @Test("what was given up is not loaded")
    func givenUp() {
        var queue = LoadQueue()
        queue.add([1, 2])
        queue.addTaken([3])
        queue.remove(1)
        queue.remove(3)
        #expect(queue.next() == [Batch(shards: [2], isRestore: false)])
    }
}

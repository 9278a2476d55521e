public import Filtering

/// Tells several sinks the same, in their order.
public struct FanOut: EventSink {
  private let sinks: [any EventSink]

  public init(_ sinks: [any EventSink]) { self.sinks = sinks }

  public func record(_ event: Event) {
    for sink in sinks { sink.record(event) }
  }
}

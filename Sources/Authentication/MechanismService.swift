public import SASL
public import Settings

extension MechanismTable {
  /// What a backend can serve, the strongest first.
  public static func offers(of backend: Backend) -> [Mechanism] {
    mechanisms(of: backend).compactMap { Mechanism(name: $0) }
  }

  /// Whether a backend can serve it.
  public static func serves(_ backend: Backend, _ mechanism: Mechanism) -> Bool {
    service(of: mechanism.rawValue, by: backend).isServed
  }
}

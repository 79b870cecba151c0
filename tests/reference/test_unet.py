"""The network's interface."""

import pytest
import torch

from reference.unet import ContextUnet


@pytest.fixture(scope="module")
def small_network():
    torch.manual_seed(0)
    return ContextUnet(in_channels=1, n_feat=8).eval()


def inputs(n=6):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(n, 1, 28, 28, generator=generator)
    return x, torch.arange(n) % 10, torch.linspace(0, 0.99, n)


def test_the_answer_has_the_images_shape(small_network):
    assert small_network(*inputs()).shape == (6, 1, 28, 28)


@pytest.mark.parametrize("n_feat", [5, 12])
def test_any_width_and_number_of_channels_works(n_feat):
    network = ContextUnet(in_channels=3, n_feat=n_feat, n_classes=4)
    assert network(torch.randn(2, 3, 32, 32), torch.tensor([0, 3]), torch.rand(2)).shape == (
        2,
        3,
        32,
        32,
    )


@pytest.mark.parametrize("shape", [(6, 1), (6, 1, 1, 1)])
def test_time_may_come_in_any_shape(small_network, shape):
    x, c, t = inputs()
    with torch.no_grad():
        torch.testing.assert_close(small_network(x, c, t), small_network(x, c, t.reshape(shape)))


def test_images_class_and_time_all_matter(small_network):
    x, c, t = inputs()
    with torch.no_grad():
        plain = small_network(x, c, t)
        assert not torch.allclose(plain, small_network(x + 0.5, c, t), atol=1e-3)
        assert not torch.allclose(plain, small_network(x, (c + 1) % 10, t), atol=1e-3)
        assert not torch.allclose(plain, small_network(x, c, (t + 0.1) % 1), atol=1e-3)


def test_neighbours_in_a_batch_do_not_matter(small_network):
    x, c, t = inputs()
    with torch.no_grad():
        alone = small_network(x[:1], c[:1], t[:1])
        torch.testing.assert_close(small_network(x, c, t)[:1], alone, rtol=1e-4, atol=1e-5)


def test_at_width_128_the_weights_take_26_megabytes():
    with torch.device("meta"):
        network = ContextUnet(in_channels=1, n_feat=128)
    megabytes = sum(w.numel() for w in network.parameters()) * 4 / 1e6
    assert 25 < megabytes < 27

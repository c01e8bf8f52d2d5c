"""The agreement ladder: where on the way from initial parameters to a trained model do two frameworks part?"""
